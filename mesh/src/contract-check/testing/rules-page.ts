import { verdictOf, type Direction, type Rule } from '../index.ts';
import { answerRules, boundRules, callRules, structureRules, valueRules } from '../rules/index.ts';

/** The generated part of docs/contract-rules.md: every rule, in tables. */
export function rulesPage(): string {
  return [
    '## The procedure',
    ofOneSide(callRules, 'call'),
    '## The answer and typed errors as a whole',
    ofOneSide(answerRules, 'output'),
    '## Values',
    ofBothSides(valueRules),
    '## Bounds',
    ofBothSides(boundRules),
    '## Objects, arrays and unions',
    ofBothSides(structureRules),
  ].join('\n\n');
}

type Rules = Readonly<Record<string, Rule>>;

function ofOneSide(rules: Rules, direction: Direction): string {
  const rows = Object.entries(rules).map(([id, { effect, what, remedy }]) => [
    `\`${id}\``,
    what,
    severityOf(direction, effect),
    typeof remedy === 'string' ? remedy : remedy.request,
  ]);
  return table([['rule', 'what was changed', 'severity', 'remedy'], ...rows]);
}

function ofBothSides(rules: Rules): string {
  const rows = Object.entries(rules).map(([id, { effect, what, remedy }]) => [
    `\`${id}\``,
    what,
    severityOf('input', effect),
    severityOf('output', effect),
    typeof remedy === 'string' ? remedy : `Input: ${remedy.request} Output: ${remedy.answer}`,
  ]);
  return table([['rule', 'what was changed', 'in an input', 'in an output or error', 'remedy'], ...rows]);
}

function severityOf(direction: Direction, effect: Rule['effect']): string {
  const { severity, serverFirst } = verdictOf(direction, effect);
  return serverFirst ? `${severity}, server first` : severity;
}

/** As oxfmt formats it. */
function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
