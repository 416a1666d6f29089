import { defaultTimeoutMs, type Priority, type ProcedureDescription } from '../contract/index.ts';
import { compareAccess } from './compare-access.ts';
import { compareErrors } from './compare-errors.ts';
import type { Report, Values } from './finding.ts';
import type { RuleId } from './rules/index.ts';
import { compareSchemas } from './schema/compare-schema.ts';
import { isNode, nodeAt, same, type Node } from './schema/node.ts';
import type { Direction } from './severity.ts';

/** Two versions of a procedure. */
export type Procedures = Readonly<{ old: ProcedureDescription; next: ProcedureDescription }>;

/** Takes edits, and where they apply. */
type ReportAt = (direction: Direction) => Report;

/** What this comparison looks at, and what follows from it. */
const known = new Set<string>([
  'path',
  'kind',
  'summary',
  'input',
  'inputOptional',
  'output',
  'access',
  'errors',
  'idempotent',
  'timeoutMs',
  'rateLimit',
  'priority',
  'hedge',
  // For people: what an example may be follows from the input.
  'examples',
] satisfies (keyof ProcedureDescription)[]);

/** Compares two versions of a procedure. */
export function compareProcedures(both: Procedures, at: ReportAt): void {
  const { old, next } = both;
  const call = at('call');
  if (old.kind !== next.kind) call('kind-changed', '', { old: old.kind, next: next.kind });
  if (old.summary !== next.summary) call('summary-changed', '');
  if (old.idempotent !== next.idempotent) {
    call(idempotenceRule(both), '', { old: old.idempotent, next: next.idempotent });
  }
  compareTimeouts(both, call);
  comparePriorities(both, call);
  compareRateLimits(both, call);
  if (old.hedge !== next.hedge) call(next.hedge ? 'hedge-added' : 'hedge-removed', '');
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    const [before, after] = [old, next].map((one) => (one as Readonly<Record<string, unknown>>)[key]);
    if (!known.has(key) && !same(before, after)) call('procedure-description-changed', '', { old: key });
  }
  compareAccess({ old: old.access, next: next.access }, call);
  compareInputs(both, at);
  compareOutputs(both, at);
  comparePaging(both, call);
  compareErrors({ old: old.errors, next: next.errors }, (rule, place, values) => {
    at('error')(rule, place, values);
  });
}

function idempotenceRule({ old, next }: Procedures): RuleId {
  if (next.idempotent === false) return 'idempotence-lost';
  if (next.idempotent === 'by-key') {
    return old.idempotent === true ? 'idempotency-key-required' : 'idempotency-key-added';
  }
  return old.idempotent === 'by-key' ? 'idempotency-key-dropped' : 'idempotence-gained';
}

function compareTimeouts({ old, next }: Procedures, report: Report): void {
  const [before, after] = [old, next].map(({ timeoutMs }) => timeoutMs ?? defaultTimeoutMs);
  const values: Values = { old: ms(old.timeoutMs), next: ms(next.timeoutMs) };
  if (before === undefined || after === undefined || old.timeoutMs === next.timeoutMs) return;
  if (before === after) report('timeout-declared', '', values);
  else report(after < before ? 'timeout-cut' : 'timeout-raised', '', values);
}

function ms(value: number | null): string {
  return value === null ? `${defaultTimeoutMs} ms by default` : `${value} ms`;
}

const ranks: Readonly<Record<Priority, number>> = { sheddable: 0, normal: 1, critical: 2 };

function comparePriorities({ old, next }: Procedures, report: Report): void {
  if (old.priority === next.priority) return;
  const lower = ranks[next.priority] < ranks[old.priority];
  report(lower ? 'priority-lowered' : 'priority-raised', '', { old: old.priority, next: next.priority });
}

function compareRateLimits(
  { old: { rateLimit: old }, next: { rateLimit: next } }: Procedures,
  report: Report,
): void {
  if (same(old, next)) return;
  if (!old || !next) {
    report(next ? 'rate-limit-added' : 'rate-limit-removed', '', words(old, next));
    return;
  }
  // Fewer calls at once, or fewer over time.
  const cut = next.calls < old.calls || next.calls / next.perMs < old.calls / old.perMs;
  report(cut ? 'rate-limit-cut' : 'rate-limit-raised', '', words(old, next));
}

function words(...limits: readonly ProcedureDescription['rateLimit'][]): Values {
  const [old, next] = limits.map((one) => (one ? `${one.calls} calls in ${one.perMs / 1000} s` : undefined));
  return { old, next };
}

function compareInputs({ old, next }: Procedures, at: ReportAt): void {
  const report = at('input');
  if (old.input && next.input) {
    compareSchemas({ old: old.input, next: next.input, place: 'input' }, { direction: 'input', report });
    if (old.inputOptional === next.inputOptional) return;
    report(next.inputOptional ? 'input-made-optional' : 'input-made-required', 'input');
  } else if (next.input) {
    report(next.inputOptional ? 'input-added-optional' : 'input-added-required', 'input');
  } else if (old.input) {
    report('input-removed', 'input');
  }
}

function compareOutputs({ old, next }: Procedures, at: ReportAt): void {
  const report = at('output');
  if (old.output && next.output) {
    compareSchemas({ old: old.output, next: next.output, place: 'output' }, { direction: 'output', report });
  } else if (old.output || next.output) {
    report(next.output ? 'output-added' : 'output-removed', 'output');
  }
}

/** Cursors of lists, and the event after which a subscription is resumed. */
function comparePaging({ old, next }: Procedures, report: Report): void {
  const [before, after] = [cursorOf(old), cursorOf(next)];
  if (!before && after) report('cursor-added', 'output.nextCursor');
  else if (before && !after) report('cursor-removed', 'output.nextCursor');
  else if (!same(before, after)) report('cursor-changed', 'input.cursor');
  if (old.kind !== 'subscription' || next.kind !== 'subscription') return;
  const [resumed, resumes] = [old, next].map((one) => propertyOf(one.input, 'lastEventId') !== undefined);
  if (resumed !== resumes) report(resumes ? 'resumption-gained' : 'resumption-lost', 'input.lastEventId');
}

function cursorOf({ input, output }: ProcedureDescription): Node | undefined {
  const [cursor, nextCursor] = [propertyOf(input, 'cursor'), propertyOf(output, 'nextCursor')];
  return cursor && nextCursor && { cursor, nextCursor };
}

function propertyOf(schema: Node | null, name: string): Node | undefined {
  const property = schema ? nodeAt(schema, 'properties')[name] : undefined;
  return isNode(property) ? property : undefined;
}
