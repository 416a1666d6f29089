import { nearest } from '../config/index.ts';
import type { ContractSnapshot, ProcedureDescription } from '../contract/index.ts';
import { compareProcedures } from './compare-procedures.ts';
import { findingOf, type Finding, type Report } from './finding.ts';
import { isNode, same } from './schema/node.ts';
import type { Direction } from './severity.ts';

/** Two versions of a contract. */
export type Snapshots = Readonly<{ old: ContractSnapshot; next: ContractSnapshot }>;

/**
 * Compares two versions of a contract: what is deployed, and what would be. Every edit is a finding; none means that the
 * two are equal.
 *
 * @example
 * const procedures = entriesOf(shopContract);
 * const next = takeSnapshot({ name: 'shop', version: '1.1.0', procedures });
 * for (const { severity, place, message } of compareContracts({ old: deployed, next })) console.log(severity, place, message);
 */
export function compareContracts(snapshots: Snapshots): readonly Finding[] {
  const { name: service } = snapshots.next;
  const findings: Finding[] = [];
  const at =
    (procedure: string | null) =>
    (direction: Direction): Report =>
    (rule, place, values) => {
      findings.push(findingOf(rule, { direction, service, procedure, place }, values));
    };
  const { old, next } = comparable(snapshots, at(null)('call'));
  const news = new Map(next.procedures.map((one) => [one.path, one]));
  const olds = new Map(old.procedures.map((one) => [one.path, one]));
  const added = next.procedures.filter(({ path }) => !olds.has(path));
  for (const procedure of old.procedures) {
    const { path } = procedure;
    const other = news.get(path);
    if (other) compareProcedures({ old: procedure, next: other }, at(path));
    else {
      const renamed = successor(procedure, added);
      const report = at(path)('call');
      if (renamed === undefined) report('procedure-removed', '');
      else report('procedure-renamed', '', { old: path, next: renamed });
    }
  }
  for (const { path } of added) at(path)('call')('procedure-added', '');
  return findings;
}

/**
 * Compares the contracts of several services, by name.
 *
 * @param whole Whether these are all services, so that a missing one was removed.
 *
 * @example
 * const procedures = entriesOf(shopContract);
 * const next = takeSnapshot({ name: 'shop', version: '1.1.0', procedures });
 * const findings = compareAll([deployed], [next], { whole: true });
 */
export function compareAll(
  old: readonly ContractSnapshot[],
  next: readonly ContractSnapshot[],
  { whole }: Readonly<{ whole: boolean }>,
): readonly Finding[] {
  const findings = next.flatMap((one) => {
    const before = old.find(({ name }) => name === one.name);
    return before ? compareContracts({ old: before, next: one }) : [];
  });
  if (!whole) return findings;
  const missing = (some: readonly ContractSnapshot[], others: readonly ContractSnapshot[]) =>
    some.filter(({ name }) => !others.some((other) => other.name === name));
  const place = { direction: 'call', procedure: null, place: '' } as const;
  return [
    ...findings,
    ...missing(old, next).map(({ name }) => findingOf('service-removed', { ...place, service: name })),
    ...missing(next, old).map(({ name }) => findingOf('service-added', { ...place, service: name })),
  ];
}

/** The new name of a procedure: one that is the same but for its name, or has nearly the same name. */
function successor(gone: ProcedureDescription, added: readonly ProcedureDescription[]): string | undefined {
  const unnamed = ({ path: _path, summary: _summary, ...rest }: ProcedureDescription) => rest;
  const equal = added.filter((one) => same(unnamed(one), unnamed(gone)));
  const [only] = equal;
  if (only && equal.length === 1) return only.path;
  return nearest(
    gone.path,
    added.filter(({ kind }) => kind === gone.kind).map(({ path }) => path),
  );
}

/** An old snapshot without marks is compared without them, and that is a finding. */
function comparable({ old, next }: Snapshots, report: Report): Snapshots {
  if (old.format !== undefined || next.format === undefined) return { old, next };
  const plain = withoutMarks(next) as ContractSnapshot;
  if (!same(plain, next)) report('snapshot-unmarked', '');
  return { old, next: plain };
}

function withoutMarks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (!isNode(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith('x-'))
      .map(([key, part]) => [key, withoutMarks(part)]),
  );
}
