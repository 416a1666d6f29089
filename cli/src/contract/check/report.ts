import { nameOf, type Severity, type Waived } from '@arcadium/mesh/contract-check';

type Shown = Waived['findings'][number];

/** The result of a check. */
export type Result = Waived &
  Readonly<{
    /** What was compared with, in words. */
    against: string;
    /** The file that has the contract of a service, from the folder of the terminal. */
    fileOf: (service: string) => string;
    waiverFile: string;
  }>;

/** 0: nothing breaking; 1: something breaking without a waiver, or a waiver that should not be there. */
export function exitCodeOf({ findings, problems }: Waived): 0 | 1 {
  return problems.length > 0 || findings.some(isOpenBreak) ? 1 : 0;
}

function isOpenBreak({ severity, waiver }: Shown): boolean {
  return severity === 'breaking' && !waiver;
}

const formats = { text: asText, json: asJson, github: asGithub };

/** How a result is written. */
export type Format = keyof typeof formats;
export const formatNames = Object.keys(formats) as readonly Format[];

export function write(result: Result, format: Format): string {
  return formats[format](result);
}

const order: readonly Severity[] = ['breaking', 'risky', 'safe'];

function sorted(findings: readonly Shown[]): Shown[] {
  return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function asText({ findings, problems, against }: Result): string {
  const told = sorted(findings).map((finding) => {
    const { severity, rule, message, remedy, waiver, serverFirst } = finding;
    const advice = waiver ? `waived until ${waiver.until}: ${waiver.reason}` : remedy;
    const mark = waiver ? 'waived' : severity === 'risky' && serverFirst ? 'risky, server first' : severity;
    const lines = [`${mark}: ${placeOf(finding)}: ${message} [${rule}]`];
    return (severity === 'safe' ? lines : [...lines, `  ${advice}`]).join('\n');
  });
  return [...told, ...problems.map((problem) => `error: ${problem}`), summary({ findings }, against)].join(
    '\n',
  );
}

function placeOf(finding: Shown): string {
  return `${nameOf(finding)}${finding.place === '' ? '' : ` ${finding.place}`}`;
}

function summary({ findings }: Pick<Waived, 'findings'>, against: string): string {
  if (findings.length === 0) return `No contract differs from ${against}.`;
  const open = findings.filter(({ waiver }) => !waiver);
  const counts = order.map((one) => `${open.filter(({ severity }) => severity === one).length} ${one}`);
  const waived = findings.length - open.length;
  return `Compared with ${against}: ${counts.join(', ')}${waived > 0 ? `, ${waived} waived` : ''}.`;
}

function asJson({ findings, problems, against }: Result): string {
  const counts = Object.fromEntries(
    order.map((one) => [one, findings.filter(({ severity, waiver }) => severity === one && !waiver).length]),
  );
  return JSON.stringify({ against, counts, findings: sorted(findings), problems }, undefined, 2);
}

const commands: Readonly<Record<Severity, string>> = { breaking: 'error', risky: 'warning', safe: 'notice' };

/** Workflow commands of GitHub Actions, which become annotations. */
function asGithub(result: Result): string {
  const { findings, problems, against, fileOf, waiverFile } = result;
  const annotations = sorted(findings).map((finding) => {
    const { severity, rule, message, remedy, waiver } = finding;
    const command = waiver ? 'notice' : commands[severity];
    const text = `${placeOf(finding)}: ${message}\n${waiver ? `Waived: ${waiver.reason}` : remedy}`;
    return `::${command} file=${property(fileOf(finding.service))},title=${property(rule)}::${data(text)}`;
  });
  const errors = problems.map(
    (problem) => `::error file=${property(waiverFile)},title=waiver::${data(problem)}`,
  );
  return [...annotations, ...errors, summary({ findings }, against)].join('\n');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
