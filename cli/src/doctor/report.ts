import { stripVTControlCharacters, styleText } from 'node:util';
import type { Check, Severity } from './check.ts';
import { categories } from './check-id.ts';
import { checks as allChecks } from './table.ts';
import type { Diagnosis, Finding } from './diagnose.ts';

/** The page with a line for each check. */
const page = 'docs/doctor.md';

const severities: readonly Severity[] = ['error', 'warning', 'hint'];
const colours = { error: 'red', warning: 'yellow', hint: 'cyan' } as const;

/** 0: no errors. 1: errors were found. 2: there are none among what could be checked, and something could not. */
export function exitCodeOf({ findings, failed }: Diagnosis): 0 | 1 | 2 {
  if (findings.some(({ check }) => check.severity === 'error')) return 1;
  return failed.length > 0 ? 2 : 0;
}

/** Where a check is explained. */
export function linkTo({ id }: Pick<Check, 'id'>): string {
  return `${page}#${id}`;
}

/** Text in a colour, for a terminal or not: whether there are colours is decided at the end. */
function paint(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { validateStream: false });
}

/** For people: a line for each category, and what was found below. @param colour Whether for a terminal. */
export function asText(diagnosis: Diagnosis, colour: boolean): string {
  const text = categories.flatMap((category) => {
    const own = diagnosis.checks.filter(({ id }) => id.startsWith(`${category}.`));
    return own.length === 0 ? [] : categoryAsText(category, own, diagnosis);
  });
  const all = [...text, '', summaryOf(diagnosis)].join('\n');
  return colour ? all : stripVTControlCharacters(all);
}

function categoryAsText(category: string, own: readonly Check[], diagnosis: Diagnosis): string[] {
  const isOwn = ({ check }: { check: Check }) => own.includes(check);
  const found = diagnosis.findings.filter(isOwn);
  const failed = diagnosis.failed.filter(isOwn);
  const skipped = diagnosis.skipped.filter(isOwn);
  const bad = new Set([found, failed, skipped].flat().map(({ check }) => check));
  const fine = own.filter((check) => !bad.has(check));
  const mark =
    found.length + failed.length > 0 ? paint('yellow', '!') : fine.length > 0 ? paint('green', '✓') : '-';
  const counts = fine.length === own.length ? `${fine.length} fine` : `${fine.length} of ${own.length} fine`;
  return [
    `${mark} ${paint('bold', category.padEnd(12))} ${counts}`,
    ...found.toSorted(bySeverity).map(findingAsText),
    ...failed.map(({ check, where, reason }) => `    could not check ${check.id}${of(where)}: ${reason}`),
    ...skippedAsText(skipped),
  ];
}

function bySeverity(one: Finding, other: Finding): number {
  return severities.indexOf(one.check.severity) - severities.indexOf(other.check.severity);
}

function of(where: string): string {
  return where === '' ? '' : ` (${where})`;
}

function findingAsText({ check, where, what }: Finding): string {
  const { id, severity, remedy } = check;
  return [
    `    ${paint(colours[severity], severity)} ${where === '' ? '' : `${where}: `}${what}`,
    `      ${remedy}`,
    `      ${paint('dim', `${id}, ${linkTo({ id })}`)}`,
  ].join('\n');
}

/** What is the case if a check finds nothing, by its id. */
const titles = new Map(allChecks.map(({ id, title }) => [id, title]));

/** A line for each reason: what does not run makes many checks impossible. */
function skippedAsText(skipped: Diagnosis['skipped']): string[] {
  return [...Map.groupBy(skipped, ({ needs }) => needs)].map(([needs, those]) => {
    const what = [...new Set(those.map(({ check, where }) => `${check.id}${of(where)}`))];
    const names =
      what.length > 3 ? `${what.slice(0, 3).join(', ')} and ${what.length - 3} more` : what.join(', ');
    return paint('dim', `    skipped, needs "${titles.get(needs)}" (${needs}): ${names}`);
  });
}

function summaryOf({ checks, findings, skipped, failed }: Diagnosis): string {
  const counts = severities.flatMap((severity) => {
    const count = findings.filter(({ check }) => check.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`];
  });
  const whole = new Set(skipped.map(({ check }) => check));
  return [
    `${checks.length} checks: ${counts.join(', ') || 'nothing found'}`,
    ...(whole.size > 0 ? [`${whole.size} skipped, at least in part`] : []),
    ...(failed.length > 0 ? [`${failed.length} looks failed`] : []),
  ].join('; ');
}

/** Checks without results, for people: a line for each. */
export function asTextList(checks: readonly Check[]): string {
  return checks.map(({ id, severity, title }) => `${id}  ${severity}  ${title}`).join('\n');
}

/** The same for programs. */
export function asJsonList(checks: readonly Check[]): string {
  return JSON.stringify(checks.map(show), undefined, 2);
}

function show({ id, severity, title, remedy }: Check) {
  return { id, severity, title, remedy, docs: linkTo({ id }) };
}

/** For programs. */
export function asJson(diagnosis: Diagnosis): string {
  const { checks, findings, skipped, failed } = diagnosis;
  return JSON.stringify(
    {
      checks: checks.map(({ id }) => id),
      findings: findings
        .toSorted(bySeverity)
        .map(({ check, where, what }) => Object.assign(show(check), { where, what })),
      skipped: skipped.map(({ check, where, needs }) => ({ id: check.id, where, needs })),
      failed: failed.map(({ check, where, reason }) => ({ id: check.id, where, reason })),
    },
    undefined,
    2,
  );
}
