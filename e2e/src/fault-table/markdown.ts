import type { CallCase, CallOutcome, Kind, RelayOutcome, WatchOutcome } from './expectations.ts';
import { kinds, passesAfterMs, watchedForMs } from './expectations.ts';

/** The measurements, in the order of the expectations. */
export interface Measured {
  readonly lasting: readonly CallRow[];
  readonly passing: readonly CallRow[];
  readonly watched: readonly (WatchOutcome & { readonly name: string })[];
  readonly relayed: readonly (RelayOutcome & { readonly name: string })[];
}

/** A fault, and the outcome of each kind of call. */
export interface CallRow {
  readonly name: CallCase['name'];
  readonly outcomes: Readonly<Record<Kind, CallOutcome>>;
}

const begin = '<!-- measured: begin -->';
const end = '<!-- measured: end -->';

/** A document with the measured tables between its two markers. @throws Error without markers. */
export function withTables(document: string, measured: Measured): string {
  const [before, , after] = document.split(new RegExp(`${begin}|${end}`));
  if (before === undefined || after === undefined) throw new Error(`There is no ${begin} … ${end}`);
  return `${before}${begin}\n\n${tables(measured)}\n\n${end}${after}`;
}

function tables({ lasting, passing, watched, relayed }: Measured): string {
  return [
    '### Permanent faults',
    callTable(lasting),
    `### Faults of ${passesAfterMs / 1000} s`,
    callTable(passing),
    `### Subscriptions, with a fault of ${watchedForMs / 1000} s`,
    table([
      ['fault', 'events received (one sent before, one during, one after the fault)', 'after'],
      ...watched.map(({ name, saw, seconds }) => [name, saw, time(seconds)]),
    ]),
    `### Faults of ${passesAfterMs / 1000} s between the wiki and the notification service`,
    table([
      ['fault', 'the author of a comment sees', 'after', 'the recipient is notified after', 'the wiki logs'],
      ...relayed.map(({ name, saw, seconds, toldAfterSeconds, logged }) => [
        name,
        saw,
        time(seconds),
        time(toldAfterSeconds),
        log(logged),
      ]),
    ]),
  ].join('\n\n');
}

function callTable(rows: readonly CallRow[]): string {
  return table([
    ['fault', 'call', 'the caller sees', 'after', 'attempts that arrived', 'the caller logs'],
    ...rows.flatMap(({ name, outcomes }) =>
      alike(outcomes).map(({ of, outcome }, n) => [
        n === 0 ? name : '',
        of.length === kinds.length ? 'any' : of.join(', '),
        outcome.inDoubt ? `${code(outcome.saw)}, in doubt` : code(outcome.saw),
        time(outcome.seconds),
        String(outcome.attempts),
        log(outcome.logged),
      ]),
    ),
  ]);
}

/** Groups kinds with the same outcome. */
function alike(outcomes: CallRow['outcomes']): { of: Kind[]; outcome: CallOutcome }[] {
  const groups = new Map<string, { of: Kind[]; outcome: CallOutcome }>();
  for (const kind of kinds) {
    const outcome = outcomes[kind];
    const key = JSON.stringify(outcome);
    const group = groups.get(key) ?? { of: [], outcome };
    group.of.push(kind);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function time(seconds: number): string {
  return seconds === 0 ? '< 0.5 s' : `${seconds} s`;
}

function code(saw: string): string {
  return saw === 'OK' ? saw : `\`${saw}\``;
}

/** Counts consecutive equal lines. */
function log(lines: readonly string[]): string {
  const runs: { line: string; times: number }[] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last?.line === line) last.times += 1;
    else runs.push({ line, times: 1 });
  }
  return runs.map(({ line, times }) => (times === 1 ? line : `${times} × ${line}`)).join('; ') || 'nothing';
}

/** A table as the formatter writes it. @param rows The first is the head. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`);
  return [lines[0], `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines.slice(1)].join(
    '\n',
  );
}
