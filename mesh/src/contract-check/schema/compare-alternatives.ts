import { alternativesOf, kindOf, type Alternatives, type Kind } from './alternatives.ts';
import { compareArrays } from './compare-arrays.ts';
import { compareKeywords } from './compare-keywords.ts';
import { compareObjects } from './compare-objects.ts';
import type { Comparison, Pair } from './comparison.ts';
import { matchMembers } from './match-members.ts';
import { without, type Node } from './node.ts';

/** Compares what a value may be: its types, the values of enums, and the members of unions. */
export function compareAlternatives({ old: before, next: after, place }: Pair, comparison: Comparison): void {
  const { roots, report } = comparison;
  const old = alternativesOf(before, roots.old);
  const next = alternativesOf(after, roots.next);
  let found = 0;
  const watched: Comparison = {
    ...comparison,
    report: (rule, at, values) => {
      found += 1;
      report(rule, at, values);
    },
  };
  compareKeywords({ old: old.outer, next: next.outer, place }, watched);
  if (hasAnything(old) !== hasAnything(next)) {
    watched.report(hasAnything(next) ? 'type-opened' : 'type-closed', place);
    return;
  }
  if (old.nullable !== next.nullable)
    watched.report(next.nullable ? 'nullable-added' : 'nullable-removed', place);

  const lost = new Set<string>();
  const gained = new Set<string>();
  for (const kind of new Set([...old.members, ...next.members].map(kindOf))) {
    const own = (from: Alternatives) => from.members.filter((member) => kindOf(member) === kind);
    const [some, others] = [own(old), own(next)];
    if (some.length === 0) gained.add(typeOf(kind));
    else if (others.length === 0) lost.add(typeOf(kind));
    else compareOfKind({ some, others, place }, watched);
  }
  compareValues({ old, next, place }, { lost, gained, comparison: watched });
  reportTypes({ lost, gained, place }, watched);
  if (found > 0 && (old.outer['x-exclusive'] ?? next.outer['x-exclusive']))
    report('exclusive-union-changed', place);
}

function hasAnything({ members }: Alternatives): boolean {
  return members.some((member) => kindOf(member) === 'anything');
}

function typeOf(kind: Kind): string {
  return kind === 'text' ? 'string' : kind;
}

function reportTypes(
  { lost, gained, place }: Readonly<{ lost: Set<string>; gained: Set<string>; place: string }>,
  { report }: Comparison,
): void {
  const [old, next] = [lost, gained].map((types) => [...types].join(' or '));
  if (lost.size > 0 && gained.size > 0) report('type-changed', place, { old, next });
  else if (gained.size > 0) report('type-added', place, { next });
  else if (lost.size > 0) report('type-removed', place, { old });
}

type Values = Readonly<{ old: Alternatives; next: Alternatives; place: string }>;
type Types = Readonly<{ lost: Set<string>; gained: Set<string>; comparison: Comparison }>;

/** Compares the values of enums. Values that become a type, and the other way round, are a change of the enum. */
function compareValues({ old, next, place }: Values, { lost, gained, comparison: { report } }: Types): void {
  const opened = kindsThatOpen(old, next);
  const closed = kindsThatOpen(next, old);
  const left = without(old.values, next.values).filter((value) => !opened.has(kindOfValue(value)));
  const come = without(next.values, old.values).filter((value) => !closed.has(kindOfValue(value)));
  for (const { kinds, whole, types, rule } of [
    { kinds: opened, whole: next, types: gained, rule: 'enum-opened' },
    { kinds: closed, whole: old, types: lost, rule: 'enum-closed' },
  ] as const) {
    for (const kind of kinds) {
      const members = whole.members.filter((member) => kindOf(member) === kind);
      // Whether each value of the enum matches its pattern, bounds and so on is not looked at.
      if (members.some((member) => Object.keys(member).length > 1)) {
        lost.add(whole === next ? 'enum' : typeOf(kind));
        gained.add(whole === next ? typeOf(kind) : 'enum');
      } else {
        report(rule, place);
        types.delete(typeOf(kind));
      }
    }
  }
  for (const kind of new Set([...left, ...come].map(kindOfValue))) {
    const ofKind = (all: Iterable<string>) => [...all].filter((value) => kindOfValue(value) === kind);
    const [some, others] = [ofKind(old.values), ofKind(next.values)];
    const [gone, fresh] = [ofKind(left), ofKind(come)];
    if (some.length === 0) gained.add(fresh.join(' or '));
    else if (others.length === 0) lost.add(gone.join(' or '));
    else if (some.length === 1 && others.length === 1)
      report('const-changed', place, { old: gone[0], next: fresh[0] });
    else {
      for (const value of gone) report('enum-value-removed', place, { old: value });
      for (const value of fresh) report('enum-value-added', place, { next: value });
    }
  }
}

/** The kinds of which one version has values, and the other all values instead. */
function kindsThatOpen(from: Alternatives, to: Alternatives): ReadonlySet<Kind> {
  const has = ({ members }: Alternatives, kind: Kind) => members.some((member) => kindOf(member) === kind);
  const kinds = [...from.values].map(kindOfValue);
  const kept = new Set([...to.values].map(kindOfValue));
  return new Set(kinds.filter((kind) => has(to, kind) && !has(from, kind) && !kept.has(kind)));
}

function kindOfValue(json: string): Kind {
  if (json.startsWith('"')) return 'text';
  return /^[-\d]/.test(json) ? 'number' : 'unknown';
}

type OfKind = Readonly<{ some: readonly Node[]; others: readonly Node[]; place: string }>;

function compareOfKind({ some, others, place }: OfKind, comparison: Comparison): void {
  const [old] = some;
  const [next] = others;
  if (some.length === 1 && others.length === 1 && old && next) {
    compareMembers({ old, next, place }, comparison);
    return;
  }
  const { pairs, left, come, problem } = matchMembers(some, others);
  if (problem) comparison.report(problem, place);
  for (const pair of pairs) {
    compareMembers({ old: pair.old, next: pair.next, place: `${place}<${pair.name}>` }, comparison);
  }
  for (const name of left) comparison.report('union-member-removed', place, { old: name });
  for (const name of come) comparison.report('union-member-added', place, { next: name });
}

/** Compares two schemas of the same kind: a text with a text, an object with an object. */
function compareMembers(pair: Pair, comparison: Comparison): void {
  compareKeywords(pair, comparison);
  const kind = kindOf(pair.old);
  if (kind === 'object') compareObjects(pair, comparison);
  if (kind === 'array') compareArrays(pair, comparison);
}
