import {
  admit,
  nobody,
  type Alternative,
  type Caller,
  type ProcedureDescription,
} from '../contract/index.ts';
import type { Report } from './finding.ts';
import { without } from './schema/node.ts';

type Access = ProcedureDescription['access'];

/** Roles of the user of a call. */
const roles = ['none', 'user', 'admin'] as const;
type Role = (typeof roles)[number];

/** Stands for a service that no rule names. */
const anyOther = 'any other service';

/** Compares who may call: for each kind of caller that either rule tells apart, whether it is admitted, and by which scopes. */
export function compareAccess({ old, next }: Readonly<{ old: Access; next: Access }>, report: Report): void {
  const [one, other] = [old, next].map(({ alternatives }) => JSON.stringify(alternatives));
  if (one === other) return;
  let found = 0;
  const edit: Edit = (direction, kind, who) => {
    found += 1;
    const narrows = { anonymous: 'access-anonymous-removed', users: 'access-users-removed' } as const;
    const widens = { anonymous: 'access-anonymous-added', users: 'access-users-added' } as const;
    if (kind === 'role')
      report(direction === 'closed' ? 'access-role-raised' : 'access-role-lowered', 'access', who);
    else if (kind === 'service')
      report(direction === 'closed' ? 'access-service-removed' : 'access-service-added', 'access', who);
    else if (kind === 'acting-for')
      report(
        direction === 'closed' ? 'access-acting-for-required' : 'access-acting-for-dropped',
        'access',
        who,
      );
    else report((direction === 'closed' ? narrows : widens)[kind], 'access', who);
  };
  const services = namedServices([...old.alternatives, ...next.alternatives]);
  for (const [direction, from, to] of [
    ['closed', old, next],
    ['opened', next, old],
  ] as const) {
    peopleEdits({ from, to }, (kind) => edit(direction, kind, {}));
    for (const service of services)
      serviceEdits({ from, to, service }, (kind) =>
        edit(direction, kind, direction === 'closed' ? { old: service } : { next: service }),
      );
    for (const scope of scopeEdits({ from, to, services: [undefined, ...services] })) {
      found += 1;
      if (direction === 'closed') report('access-scope-required', 'access', { next: scope });
      else report('access-scope-dropped', 'access', { old: scope });
    }
  }
  if (found === 0) report('access-rewritten', 'access', { old: old.words, next: next.words });
}

type EditKind = 'anonymous' | 'users' | 'role' | 'service' | 'acting-for';
type Edit = (
  direction: 'closed' | 'opened',
  kind: EditKind,
  who: Readonly<{ old?: string; next?: string }>,
) => void;
type Change = Readonly<{ from: Access; to: Access }>;

/** Who is admitted by one rule and not by the other, of the callers that are not services. */
function peopleEdits({ from, to }: Change, edit: (kind: EditKind) => void): void {
  const lost = (role: Role) => admits(from, undefined, role) && !admits(to, undefined, role);
  if (lost('none')) edit('anonymous');
  if (lost('admin')) edit('users');
  else if (lost('user')) edit('role');
}

function serviceEdits(
  { from, to, service }: Change & Readonly<{ service: string }>,
  edit: (kind: EditKind) => void,
): void {
  const lost = roles.filter((role) => admits(from, service, role) && !admits(to, service, role));
  if (lost.length === 0) return;
  // Whom the rule still admits, of those that it admitted.
  if (!roles.some((role) => admits(to, service, role))) edit('service');
  else if (lost.includes('none')) edit('acting-for');
  else edit('role');
}

/** The scopes that one rule asks for, and the other does not, from callers that both admit. */
function scopeEdits({
  from,
  to,
  services,
}: Change & Readonly<{ services: readonly (string | undefined)[] }>): Set<string> {
  const asked = new Set<string>();
  for (const service of services) {
    for (const role of roles) {
      const before = scopeSets(from, service, role);
      const after = scopeSets(to, service, role);
      if (after.length === 0) continue;
      for (const scopes of before) {
        const missing = after
          .map((needed) => without(needed, scopes))
          .toSorted((a, b) => a.length - b.length)[0];
        for (const scope of missing ?? []) asked.add(scope);
      }
    }
  }
  return asked;
}

function namedServices(alternatives: readonly Alternative[]): Set<string> {
  const named = alternatives.flatMap(({ services }) => (services === 'any' || !services ? [] : services));
  return new Set([...named, anyOther]);
}

function admits(access: Access, service: string | undefined, role: Role): boolean {
  return scopeSets(access, service, role).length > 0;
}

/** The scopes that each alternative asks for which admits a caller; of services and users apart. */
function scopeSets({ alternatives }: Access, service: string | undefined, role: Role): ReadonlySet<string>[] {
  const caller = callerOf(service, role);
  return alternatives
    .filter(
      ({ serviceScopes: _service, userScopes: _user, ...who }) =>
        admit({ alternatives: [who] }, caller) === 'admitted',
    )
    .map(
      ({ serviceScopes = [], userScopes = [] }) =>
        new Set([
          ...serviceScopes.map((scope) => `${scope} of the service`),
          ...userScopes.map((scope) => `${scope} of the user`),
        ]),
    );
}

function callerOf(service: string | undefined, role: Role): Caller {
  const identity = { id: '', name: service ?? '', tokenId: '', expiresAt: 0 };
  return {
    ...nobody,
    ...(service !== undefined && { service: identity }),
    ...(role !== 'none' && { user: { ...identity, role } }),
  };
}
