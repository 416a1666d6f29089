import { z } from 'zod';
import type { Finding } from './finding.ts';
import { rules, type RuleId } from './rules/index.ts';

const ruleIds = Object.keys(rules) as [RuleId, ...RuleId[]];

/** An edit that breaks a contract and is wanted. */
const waiver = z.strictObject({
  rule: z.enum(ruleIds),
  /** With the service, such as `wiki.pages.get`; the service alone for edits of the service as a whole. */
  procedure: z.string().min(1),
  /** Within the procedure, such as `input.limit`. @default every place */
  place: z.string().optional(),
  /** Why it does no harm, for the next reader. */
  reason: z.string().trim().min(10),
  /** Last day on which it holds, in UTC: `2026-12-31`. */
  until: z.iso.date(),
});
export type Waiver = z.output<typeof waiver>;

/**
 * The content of a file of waivers.
 *
 * @example
 * import { readFile } from 'node:fs/promises';
 *
 * const read = waiverFile.parse(JSON.parse(await readFile('waivers.json', 'utf8')));
 */
export const waiverFile = z.array(waiver);

/** Findings, each with the waiver that covers it, and what is wrong with the waivers. */
export interface Waived {
  readonly findings: readonly (Finding & Readonly<{ waiver?: Waiver | undefined }>)[];
  /** One sentence each: expired waivers, and those that cover nothing. */
  readonly problems: readonly string[];
}

/**
 * Applies waivers to findings. An expired one covers nothing. @param today As `2026-12-31`.
 *
 * @example
 * const waived = applyWaivers(findings, waivers, '2026-12-31');
 */
export function applyWaivers(
  findings: readonly Finding[],
  waivers: readonly Waiver[],
  today: string,
): Waived {
  const used = new Set<Waiver>();
  const waived = findings.map((finding) => {
    if (finding.severity === 'safe') return finding;
    const own = waivers.find((one) => covers(one, finding));
    if (own) used.add(own);
    return own && own.until >= today ? { ...finding, waiver: own } : finding;
  });
  const problems = waivers.flatMap((one) => {
    const name = `The waiver of ${one.rule} for ${one.procedure}${one.place === undefined ? '' : ` at ${one.place}`}`;
    if (!used.has(one)) return [`${name} covers no edit any more: remove it`];
    return one.until < today ? [`${name} expired on ${one.until}: undo the edit, or renew the waiver`] : [];
  });
  return { findings: waived, problems };
}

function covers({ rule, procedure, place }: Waiver, finding: Finding): boolean {
  return (
    rule === finding.rule && procedure === nameOf(finding) && (place === undefined || place === finding.place)
  );
}

/**
 * The name of a procedure with its service: `wiki.pages.get`.
 *
 * @example
 * for (const finding of findings) console.log(nameOf(finding)); // wiki.pages.get
 */
export function nameOf({ service, procedure }: Pick<Finding, 'service' | 'procedure'>): string {
  return procedure === null ? service : `${service}.${procedure}`;
}
