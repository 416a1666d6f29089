/** One way to be admitted; all of its conditions must hold. */
export type Alternative = Readonly<{
  /** Services that may call. Absent: the caller must not be a service. */
  services?: readonly string[] | 'any';
  /** Least role of the user behind the call. Absent: a user is not required. */
  user?: 'user' | 'admin';
}>;

declare const admitted: unique symbol;

/**
 * Access rule of a procedure: a caller must match one of the alternatives. Deny by default: a rule without
 * alternatives admits no caller, and an alternative without services admits no service, except `anyone`.
 *
 * `Caller` is the type-level name of those admitted: `'anyone'`, `'user'`, `'admin'`, `'service'`, a service's name,
 * or `'<service> for user'`.
 */
export interface Access<Caller extends string = string> {
  readonly alternatives: readonly Alternative[];
  /** For the type checker only. */
  readonly [admitted]?: Caller;
}

/** Admits every caller, with credentials or without. */
export const anyone: Access<'anyone'> = { alternatives: [{}] };

/** Admits users of any role who call directly. */
export const user: Access<'user'> = { alternatives: [{ user: 'user' }] };

/** Admits administrators who call directly. */
export const admin: Access<'admin'> = { alternatives: [{ user: 'admin' }] };

/** Admits every service of this mesh, for questions of a service about itself. */
export const anyService: Access<'service'> = { alternatives: [{ services: 'any' }] };

/** Names with a meaning in rules, which services cannot have. */
const people: readonly string[] = ['anyone', 'user', 'admin', 'service'];

declare const named: unique symbol;

/** A rule of services only, as `actingFor` requires. */
export interface ServiceAccess<Name extends string> extends Access<Name> {
  /** For the type checker only. */
  readonly [named]: true;
}

/**
 * Admits the named services, with or without a user behind them.
 *
 * @throws TypeError for an invalid name.
 */
export function services<const Name extends string>(
  ...names: readonly ServiceName<Name>[]
): ServiceAccess<Name> {
  for (const name of names) {
    if (people.includes(name) || !/^[a-z][a-z0-9-]*$/.test(name)) {
      throw new TypeError(`"${name}" cannot be the name of a service`);
    }
  }
  return { alternatives: [{ services: names }] } as unknown as ServiceAccess<Name>;
}

type ServiceName<Name extends string> = Name extends
  | 'anyone'
  | 'user'
  | 'admin'
  | 'service'
  | `${string} ${string}`
  ? never
  : Name;

/** Admits callers that any of the rules admits. */
export function either<const Rules extends readonly Access[]>(
  ...rules: Rules
): Access<CallerOf<Rules[number]>> {
  return { alternatives: rules.flatMap((rule) => rule.alternatives) };
}

/** Admits a service that acts for a user; both credentials are required and checked. */
export function actingFor<Name extends string, Role extends 'user' | 'admin'>(
  service: ServiceAccess<Name>,
  behind: Access<Role>,
): Access<`${Name} for ${Role}`> {
  return {
    alternatives: service.alternatives.flatMap((one) =>
      behind.alternatives.map((other) => ({ ...one, ...other })),
    ),
  };
}

/** The type-level names of the callers that a rule admits. */
export type CallerOf<Rule> = Rule extends Access<infer Caller> ? Caller : never;

/**
 * The names that a caller matches: every caller matches `anyone`, an administrator also `user`, and a service also
 * itself acting for a user.
 */
export type Presents<As extends string> = As extends 'anyone'
  ? 'anyone'
  : As extends 'user'
    ? 'anyone' | 'user'
    : As extends 'admin'
      ? 'anyone' | 'user' | 'admin'
      : 'anyone' | 'service' | As | `${As} for ${'user' | 'admin'}`;

/** Describes a rule in words: `users, or the service wiki for administrators`. */
export function describeAccess({ alternatives }: Access): string {
  return alternatives.length === 0 ? 'no caller' : alternatives.map(describe).join(', or ');
}

function describe({ services: some, user: role }: Alternative): string {
  const who = role === 'admin' ? 'administrators' : 'users';
  if (!some) return role ? who : 'anyone';
  const service =
    some === 'any' ? 'any service' : `the ${some.length > 1 ? 'services' : 'service'} ${some.join(' and ')}`;
  return role ? `${service} for ${who}` : service;
}
