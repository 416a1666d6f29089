import type { IncomingHttpHeaders } from 'node:http';
import { experimental_trpcMiddleware as middleware } from '@trpc/server';
import {
  admin,
  admit,
  anyService,
  describeAccess,
  services,
  user,
  type Access,
  type Caller,
  type ServiceIdentity,
  type UserIdentity,
} from '../../contract/index.ts';
import type { Authenticate, Credentials } from '../../identity/index.ts';
import { header, MeshError } from '../../wire/index.ts';
import { toTrpcError } from '../call/failure.ts';

/** A context with the headers of its request: `{ req }` of Node, Express or Fastify, or `{ req }` of fetch. */
export interface ContextWithRequest {
  readonly req: { readonly headers: IncomingHttpHeaders | Headers };
}

interface RequireOptions {
  /** Verifies the credentials, as `createAuthenticate` makes it. */
  authenticate: Authenticate;
}

export interface RequireServiceOptions extends RequireOptions {
  /** The services that may call. @default any service of the mesh */
  names?: readonly string[];
}

export interface RequireUserOptions extends RequireOptions {
  /** Least role. @default 'user' */
  role?: 'user' | 'admin';
  /** Whether a service may call for the user, with the user's token in `x-user-token`. @default false */
  throughService?: boolean;
}

/** The verified caller in the context of what follows `requireService`. */
export type WithService = Readonly<{ caller: Caller & Readonly<{ service: ServiceIdentity }> }>;

/** The verified caller in the context of what follows `requireUser`. */
export type WithUser = Readonly<{ caller: Caller & Readonly<{ user: UserIdentity }> }>;

/**
 * A tRPC middleware that admits services by their token (`Authorization: Service-Token …`), for any router on any adapter
 * whose context has the request as `req`. What follows has `ctx.caller.service`, and `ctx.caller.user` if the service acts
 * for a user.
 *
 * @throws TRPCError UNAUTHORIZED for missing and invalid credentials, FORBIDDEN for others, from the middleware; TypeError
 * for an invalid name
 * @example
 * const t = initTRPC.context<ContextWithRequest>().create();
 * const authenticate = createAuthenticate(await createKeySet({ initial: [], url: 'https://auth', log }));
 * const internal = t.procedure.use(requireService({ authenticate, names: ['billing'] }));
 */
export function requireService({ authenticate, names }: RequireServiceOptions) {
  const rule = names ? services(...names) : anyService;
  return middleware<{ ctx: ContextWithRequest }>().create(async ({ ctx, next }) =>
    next({ ctx: (await admitted(ctx, authenticate, rule)) as WithService }),
  );
}

/**
 * A tRPC middleware that admits users by their access token (`Authorization: Bearer …`), as `requireService` does
 * services. What follows has `ctx.caller.user`.
 *
 * @throws TRPCError UNAUTHORIZED for missing and invalid credentials, FORBIDDEN for others, from the middleware
 * @example
 * const t = initTRPC.context<ContextWithRequest>().create();
 * const authenticate = createAuthenticate(await createKeySet({ initial: [], url: 'https://auth', log }));
 * const forAdmins = t.procedure.use(requireUser({ authenticate, role: 'admin' }));
 */
export function requireUser({ authenticate, role = 'user', throughService = false }: RequireUserOptions) {
  const direct = role === 'admin' ? admin : user;
  const rule: Access = throughService
    ? { alternatives: [...direct.alternatives, { services: 'any', user: role }] }
    : direct;
  return middleware<{ ctx: ContextWithRequest }>().create(async ({ ctx, next }) =>
    next({ ctx: (await admitted(ctx, authenticate, rule)) as WithUser }),
  );
}

async function admitted(
  { req }: ContextWithRequest,
  authenticate: Authenticate,
  rule: Access,
): Promise<{ caller: Caller }> {
  try {
    const caller = await authenticate(credentialsIn(req.headers));
    const verdict = admit(rule, caller);
    if (verdict === 'admitted') return { caller };
    const whom = `It is for ${describeAccess(rule)}`;
    throw verdict === 'unauthenticated'
      ? new MeshError('UNAUTHORIZED', `This procedure needs credentials. ${whom}`)
      : new MeshError('FORBIDDEN', `This caller may not call this procedure. ${whom}`);
  } catch (thrown) {
    throw toTrpcError(thrown);
  }
}

function credentialsIn(headers: ContextWithRequest['req']['headers']): Credentials {
  const read = (name: string): string | undefined => {
    const value = headers instanceof Headers ? headers.get(name) : headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { authorization: read(header.authorization), userToken: read(header.userToken) };
}
