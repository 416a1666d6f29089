import { canonical } from '../../contract/core.ts';
import { isNode, nodeAt, textsAt, type Node } from './node.ts';

/** The members of two versions of a union, matched. */
export interface Matched {
  readonly pairs: readonly Readonly<{ name: string; old: Node; next: Node }>[];
  /** Names of members that only the old version has. */
  readonly left: readonly string[];
  /** Names of members that only the new version has. */
  readonly come: readonly string[];
  readonly problem?: 'discriminator-changed' | 'union-reordered' | undefined;
}

/** Matches the members of a union that are of the same kind: by a property that tells them apart, else by likeness. */
export function matchMembers(old: readonly Node[], next: readonly Node[]): Matched {
  const [one, other] = [discriminatorsOf(old), discriminatorsOf(next)];
  const shared = one.find((key) => other.includes(key));
  if (shared !== undefined) return matchByKey(old, next, (member) => valueAt(member, shared));
  if (one.length > 0 && other.length > 0) {
    return { pairs: [], left: [], come: [], problem: 'discriminator-changed' };
  }
  return matchByLikeness(old, next);
}

/** The properties that have another constant in each member. */
function discriminatorsOf(members: readonly Node[]): string[] {
  const [first = {}] = members;
  return Object.keys(nodeAt(first, 'properties')).filter((key) => {
    const values = members.map((member) => valueAt(member, key));
    return !values.includes('') && new Set(values).size === values.length;
  });
}

/** The constants of a property, as a name of the member; empty if it has none. */
function valueAt(member: Node, key: string): string {
  const property = nodeAt(member, 'properties')[key];
  if (!isNode(property) || !textsAt(member, 'required').has(key)) return '';
  if ('const' in property) return JSON.stringify(property['const']);
  return Array.isArray(property['enum']) ? property['enum'].map((one) => JSON.stringify(one)).join('|') : '';
}

function matchByKey(old: readonly Node[], next: readonly Node[], keyOf: (member: Node) => string): Matched {
  const news = new Map(next.map((member) => [keyOf(member), member]));
  const olds = new Set(old.map(keyOf));
  return {
    pairs: old.flatMap((member) => {
      const match = news.get(keyOf(member));
      return match ? [{ name: keyOf(member), old: member, next: match }] : [];
    }),
    left: [...olds].filter((key) => !news.has(key)),
    come: [...news.keys()].filter((key) => !olds.has(key)),
  };
}

function matchByLikeness(old: readonly Node[], next: readonly Node[]): Matched {
  const left = new Set(old.keys());
  const come = new Set(next.keys());
  const found: { from: number; to: number; likeness: number }[] = [];
  for (const [from, one] of old.entries())
    for (const [to, other] of next.entries()) found.push({ from, to, likeness: likeness(one, other) });
  const chosen = found
    .toSorted((a, b) => b.likeness - a.likeness)
    .filter(
      ({ from, to, likeness: much }) =>
        much > 0 && left.has(from) && come.has(to) && left.delete(from) && come.delete(to),
    );
  const inOrder = chosen.toSorted((a, b) => a.from - b.from);
  const reordered = inOrder.some(({ to }, place) => to < (inOrder[place - 1]?.to ?? 0));
  return {
    pairs: inOrder.map(({ from, to }) => ({
      name: String(from + 1),
      old: old[from] ?? {},
      next: next[to] ?? {},
    })),
    left: [...left].map((place) => `member ${place + 1}`),
    come: [...come].map((place) => `member ${place + 1}`),
    problem: reordered ? 'union-reordered' : undefined,
  };
}

/** From 0, for members without a property in common, to 2, for equal ones. */
function likeness(one: Node, other: Node): number {
  if (canonical(one) === canonical(other)) return 2;
  const [some, others] = [one, other].map((member) => Object.keys(nodeAt(member, 'properties')));
  const all = new Set([...(some ?? []), ...(others ?? [])]);
  // Arrays and texts have none.
  if (all.size === 0) return 0.1;
  return (some ?? []).filter((key) => others?.includes(key)).length / all.size;
}
