import type { Access, Alternative } from './access.ts';

/** A user whose access token was verified. */
export type UserIdentity = Readonly<{
  id: string;
  name: string;
  role: 'user' | 'admin';
  /** Since when they have it, in milliseconds since 1970, where the token says so. */
  roleSince?: number | undefined;
  /** The `jti` of the token that proved it. */
  tokenId: string;
  /** The `sid` of the session that it belongs to, where it has one. */
  sessionId?: string | undefined;
  /** The `kid` of the key that signed it. */
  keyId?: string | undefined;
  /** When that token expires, in milliseconds since 1970. */
  expiresAt: number;
}>;

/** A service whose token was verified. */
export type ServiceIdentity<Name extends string = string> = Readonly<{
  id: string;
  name: Name;
  /** The `jti` of the token that proved it. */
  tokenId: string;
  /** The `kid` of the key that signed it. */
  keyId?: string | undefined;
  /** When that token expires, in milliseconds since 1970. */
  expiresAt: number;
}>;

/** Who makes a call: a user, a service, a service for a user, or nobody known. */
export type Caller = Readonly<{
  service: ServiceIdentity | undefined;
  user: UserIdentity | undefined;
}>;

/** A caller that showed no credentials. */
export const nobody: Caller = { service: undefined, user: undefined };

/** The caller as a handler sees it, once a rule with these names has admitted it. */
export type AdmittedCaller<Name extends string> = string extends Name
  ? Caller
  : Name extends 'anyone'
    ? Caller
    : Name extends 'user' | 'admin'
      ? Readonly<{ service: undefined; user: UserIdentity }>
      : Name extends `${infer Service} for ${'user' | 'admin'}`
        ? Readonly<{ service: ServiceIdentity<Service>; user: UserIdentity }>
        : Readonly<{
            service: ServiceIdentity<Name extends 'service' ? string : Name>;
            user: UserIdentity | undefined;
          }>;

/** Whether a rule admits a caller; if not, whether credentials would help (401) or these are not enough (403). */
export function admit(access: Access, caller: Caller): 'admitted' | 'unauthenticated' | 'forbidden' {
  if (access.alternatives.some((alternative) => matches(alternative, caller))) return 'admitted';
  return caller.service || caller.user ? 'forbidden' : 'unauthenticated';
}

/**
 * Whether a service of this name may make a call only for a user: every alternative that could admit it asks for one.
 * False also where none could.
 */
export function needsUser({ alternatives }: Access, service: string): boolean {
  const own = alternatives.filter(
    ({ services, user }) => services === 'any' || services?.includes(service) || (!services && !user),
  );
  return own.length > 0 && own.every(({ user }) => user !== undefined);
}

function matches({ services, user }: Alternative, caller: Caller): boolean {
  if (!services && !user) return true;
  const serviceFits = services
    ? caller.service !== undefined && (services === 'any' || services.includes(caller.service.name))
    : caller.service === undefined;
  const userFits = !user || (caller.user !== undefined && (user === 'user' || caller.user.role === 'admin'));
  return serviceFits && userFits;
}
