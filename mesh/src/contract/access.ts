/** One way to be admitted: all that it names must hold. */
export type Alternative = Readonly<{
  /** The calling service is one of these, or any. Absent: the caller is no service. */
  services?: readonly string[] | 'any';
  /** A user stands behind the call, with at least this role. Absent: none needs to. */
  user?: 'user' | 'admin';
}>;

declare const admitted: unique symbol;

/**
 * Who may call a procedure: any one of the alternatives. Deny by default: a
 * rule without alternatives admits nobody, and an alternative that names no
 * services admits none, `anyone` excepted.
 *
 * `Caller` is the type-level name of those admitted: `'anyone'`, `'user'`,
 * `'admin'`, `'service'`, a service's name, or `'<service> for user'`.
 */
export interface Access<Caller extends string = string> {
  readonly alternatives: readonly Alternative[];
  /** Exists for the type checker alone. */
  readonly [admitted]?: Caller;
}

/** Admits every caller, with credentials or without. */
export const anyone: Access<'anyone'> = { alternatives: [{}] };

/** Admits a user who calls by himself, whatever the role. */
export const user: Access<'user'> = { alternatives: [{ user: 'user' }] };

/** Admits an administrator who calls by himself. */
export const admin: Access<'admin'> = { alternatives: [{ user: 'admin' }] };

/** Admits every service that has a token of this mesh: for what each one asks about itself. */
export const anyService: Access<'service'> = { alternatives: [{ services: 'any' }] };

/** Names that are no service's, because the rules here mean something by them. */
const people: readonly string[] = ['anyone', 'user', 'admin', 'service'];

declare const named: unique symbol;

/** A rule that names services and nothing else, so that `actingFor` may build on it. */
export interface ServiceAccess<Name extends string> extends Access<Name> {
  /** Exists for the type checker alone. */
  readonly [named]: true;
}

/**
 * Admits the named services, whether they act for a user or not.
 *
 * @throws TypeError for a name that no service can have.
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

/** Admits whoever any of the rules admits. */
export function either<const Rules extends readonly Access[]>(
  ...rules: Rules
): Access<CallerOf<Rules[number]>> {
  return { alternatives: rules.flatMap((rule) => rule.alternatives) };
}

/** Admits a service that acts for a user: both credentials are needed, and both are checked. */
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

/** The type-level names of those whom a rule admits. */
export type CallerOf<Rule> = Rule extends Access<infer Caller> ? Caller : never;

/**
 * What somebody can present, as those names: everyone may call what is open to
 * `anyone`, an administrator also what users may, and a service also what it
 * may do for a user.
 */
export type Presents<As extends string> = As extends 'anyone'
  ? 'anyone'
  : As extends 'user'
    ? 'anyone' | 'user'
    : As extends 'admin'
      ? 'anyone' | 'user' | 'admin'
      : 'anyone' | 'service' | As | `${As} for ${'user' | 'admin'}`;

/** Whom a rule admits, in words: `users, or the service wiki for administrators`. */
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
