import type { Access, Alternative } from './access.ts';

/** What the identity of a user and of a service have of their token. */
type OfToken = Readonly<{
  /** `jti` of the token. */
  tokenId: string;
  /** `kid` of the signing key. */
  keyId?: string | undefined;
  /** What the token allows (`scope` or `scp`), if its issuer says so. */
  scopes?: readonly string[] | undefined;
  /** The tenant or organisation that the token is of, if its issuer says so. */
  tenant?: string | undefined;
  /** Expiry of the token, in milliseconds since 1970. */
  expiresAt: number;
}>;

/** A verified user. */
export type UserIdentity = OfToken &
  Readonly<{
    id: string;
    name: string;
    role: 'user' | 'admin';
    /** When the user got the role, in milliseconds since 1970, if the token says so. */
    roleSince?: number | undefined;
    /** `sid` of the session, if any. */
    sessionId?: string | undefined;
  }>;

/** A verified service. */
export type ServiceIdentity<Name extends string = string> = OfToken & Readonly<{ id: string; name: Name }>;

/** Caller: a user, a service, a service for a user, or anonymous. */
export type Caller = Readonly<{
  service: ServiceIdentity | undefined;
  user: UserIdentity | undefined;
}>;

/**
 * A caller without credentials.
 *
 * @example
 * const options = { authenticate: () => nobody }; // a service without identities: every caller is anonymous
 */
export const nobody: Caller = { service: undefined, user: undefined };

/** The caller as a handler sees it after a rule with these names has admitted it. */
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

/**
 * Whether a rule admits a caller; if not, whether credentials are missing (401) or insufficient (403).
 *
 * @example
 * const verdict = admit(user, nobody); // 'unauthenticated': with a user's token it could be admitted
 */
export function admit(access: Access, caller: Caller): 'admitted' | 'unauthenticated' | 'forbidden' {
  if (access.alternatives.some((alternative) => matches(alternative, caller))) return 'admitted';
  return caller.service || caller.user ? 'forbidden' : 'unauthenticated';
}

/**
 * Whether the named service needs a user behind it: every alternative that could admit it requires one. False if no
 * alternative could admit it.
 *
 * @example
 * needsUser(actingFor(services('wiki'), user), 'wiki'); // true
 */
export function needsUser({ alternatives }: Access, service: string): boolean {
  const own = alternatives.filter(
    ({ services, user }) => services === 'any' || services?.includes(service) || (!services && !user),
  );
  return own.length > 0 && own.every(({ user }) => user !== undefined);
}

/**
 * The scopes without which a caller is refused: those of the first alternative that admits it otherwise. Empty if it is
 * refused for who it is.
 *
 * @example
 * if (admit(admin({ scopes: ['shop:close'] }), call.caller) === 'forbidden')
 *   log.info({ missing: missingScopes(admin({ scopes: ['shop:close'] }), call.caller) }, 'the token lacks scopes');
 */
export function missingScopes({ alternatives }: Access, caller: Caller): readonly string[] {
  const one = alternatives.find((alternative) => fits(alternative, caller));
  if (!one) return [];
  const { serviceScopes = [], userScopes = [] } = one;
  return [
    ...serviceScopes.filter((scope) => !caller.service?.scopes?.includes(scope)),
    ...userScopes.filter((scope) => !caller.user?.scopes?.includes(scope)),
  ];
}

function matches(alternative: Alternative, caller: Caller): boolean {
  if (!fits(alternative, caller)) return false;
  const { serviceScopes, userScopes } = alternative;
  return has(caller.service, serviceScopes) && has(caller.user, userScopes);
}

function has(of: Pick<UserIdentity, 'scopes'> | undefined, required: readonly string[] | undefined): boolean {
  return !required || required.every((scope) => of?.scopes?.includes(scope));
}

/** Whether it admits the caller but for scopes. */
function fits({ services, user }: Alternative, caller: Caller): boolean {
  if (!services && !user) return true;
  const serviceFits = services
    ? caller.service !== undefined && (services === 'any' || services.includes(caller.service.name))
    : caller.service === undefined;
  const userFits = !user || (caller.user !== undefined && (user === 'user' || caller.user.role === 'admin'));
  return serviceFits && userFits;
}
