/** One way to be admitted; all of its conditions must hold. */
export type Alternative = Readonly<{
  /** Services that may call. Absent: the caller must not be a service. */
  services?: readonly string[] | 'any';
  /** Scopes that the token of the service must have, all of them. */
  serviceScopes?: readonly string[];
  /** Least role of the user behind the call. Absent: a user is not required. */
  user?: 'user' | 'admin';
  /** Scopes that the token of the user must have, all of them. */
  userScopes?: readonly string[];
}>;

/** Scopes that a rule asks for. */
export type Scopes = Readonly<{
  /** What the token must allow, all of it: `['pages:write']`. Scopes are those of OAuth 2.0 (RFC 6749 §3.3). */
  scopes: readonly [string, ...string[]];
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

/**
 * Admits every caller, with credentials or without.
 *
 * @example
 * const hours = query({ summary: 'Opening hours', output: z.string(), access: anyone });
 */
export const anyone: Access<'anyone'> = { alternatives: [{}] };

/** A rule that is complete as it is; called with scopes, it asks for those as well. */
export interface ScopedRule<Caller extends string> extends Access<Caller> {
  /** @throws TypeError for an invalid scope. */
  (required: Scopes): Access<Caller>;
}

/**
 * Admits users of any role who call directly.
 *
 * @example
 * const read = query({ summary: 'A page', output: z.string(), access: user });
 * const write = mutation({ summary: 'Writes a page', output: z.void(), access: user({ scopes: ['pages:write'] }) });
 */
export const user: ScopedRule<'user'> = scopedRule({ user: 'user' }, 'userScopes');

/**
 * Admits administrators who call directly; `admin({ scopes })` only if their token has these scopes.
 *
 * @example
 * const close = mutation({ summary: 'Closes the shop', output: z.void(), access: admin({ scopes: ['shop:close'] }) });
 */
export const admin: ScopedRule<'admin'> = scopedRule({ user: 'admin' }, 'userScopes');

/**
 * Admits every service of this mesh, for questions of a service about itself; `anyService({ scopes })` only with these scopes.
 *
 * @example
 * const rotate = mutation({ summary: 'A new token of the caller', output: z.string(), access: anyService });
 */
export const anyService: ScopedRule<'service'> = scopedRule({ services: 'any' }, 'serviceScopes');

function scopedRule<Caller extends string>(
  one: Alternative,
  where: 'serviceScopes' | 'userScopes',
): ScopedRule<Caller> {
  const rule = ({ scopes }: Scopes) => ({ alternatives: [{ ...one, [where]: checkedScopes(scopes) }] });
  return Object.assign(rule, { alternatives: [one] });
}

/** RFC 6749 §3.3: printable ASCII without space, quote and backslash. */
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

function checkedScopes(scopes: readonly string[]): readonly string[] {
  if (scopes.length === 0) throw new TypeError('A rule with scopes must name at least one');
  for (const scope of scopes)
    if (!scopePattern.test(scope)) throw new TypeError(`${JSON.stringify(scope)} cannot be a scope`);
  return [...scopes];
}

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
 * @throws TypeError for an invalid name or scope.
 *
 * @example
 * const take = mutation({ summary: 'Takes an item', output: z.void(), access: services('till', 'wiki') });
 * const write = mutation({ summary: 'Adds an item', output: z.void(), access: services('till', { scopes: ['stock:write'] }) });
 */
export function services<const Name extends string>(
  ...names: readonly ServiceName<Name>[]
): ServiceAccess<Name>;
export function services<const Name extends string>(
  ...namesAndScopes: readonly [...names: ServiceName<Name>[], required: Scopes]
): ServiceAccess<Name>;
export function services(...given: readonly (string | Scopes)[]): Access {
  const names = given.filter((one) => typeof one === 'string');
  for (const name of names) {
    if (people.includes(name) || !/^[a-z][a-z0-9-]*$/.test(name)) {
      throw new TypeError(`"${name}" cannot be the name of a service`);
    }
  }
  const required = given.find((one) => typeof one !== 'string');
  const serviceScopes = required && checkedScopes(required.scopes);
  return { alternatives: [{ services: names, ...(serviceScopes && { serviceScopes }) }] };
}

type ServiceName<Name extends string> = Name extends
  | 'anyone'
  | 'user'
  | 'admin'
  | 'service'
  | `${string} ${string}`
  ? never
  : Name;

/**
 * Admits callers that any of the rules admits.
 *
 * @example
 * const list = query({ summary: 'Orders', output: z.array(z.string()), access: either(admin, services('billing')) });
 */
export function either<const Rules extends readonly Access[]>(
  ...rules: Rules
): Access<CallerOf<Rules[number]>> {
  return { alternatives: rules.flatMap((rule) => rule.alternatives) };
}

/**
 * Admits a service that acts for a user; both credentials are required and checked.
 *
 * @example
 * const read = query({
 *   summary: 'Notifications of the user whom the wiki serves',
 *   output: z.array(z.string()),
 *   access: actingFor(services('wiki'), user),
 * });
 */
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

/**
 * Describes a rule in words: `users with the scope pages:write, or the service wiki for administrators`.
 *
 * @example
 * describeAccess(either(user, services('wiki'))); // in words, for a page of documentation
 */
export function describeAccess({ alternatives }: Access): string {
  return alternatives.length === 0 ? 'no caller' : alternatives.map(describe).join(', or ');
}

function describe({ services: some, serviceScopes, user: role, userScopes }: Alternative): string {
  const who = `${role === 'admin' ? 'administrators' : 'users'}${withScopes(userScopes)}`;
  if (!some) return role ? who : 'anyone';
  const names =
    some === 'any' ? 'any service' : `the ${some.length > 1 ? 'services' : 'service'} ${some.join(' and ')}`;
  const service = `${names}${withScopes(serviceScopes)}`;
  return role ? `${service} for ${who}` : service;
}

function withScopes(scopes: readonly string[] = []): string {
  return scopes.length === 0
    ? ''
    : ` with the ${scopes.length > 1 ? 'scopes' : 'scope'} ${scopes.join(' and ')}`;
}
