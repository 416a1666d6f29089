import type { z } from 'zod';
import type { ContractSnapshot, DescribedContract, JsonSchema } from '../../contract/index.ts';
import { schemaFrom } from '../../contract/core.ts';
import { compareContracts, rules, type Finding } from '../../contract-check/index.ts';

/** Why calls of a procedure do not fit the contract of a server. */
export interface Mismatch {
  readonly rule: string;
  /** Within the procedure, such as `input.limit`; empty for the procedure itself. */
  readonly place: string;
  /** What was changed. */
  readonly what: string;
  /** Hash of the server's contract. */
  readonly theirs: string;
  /** Of the service, as its contract says. */
  readonly version: string;
  /** Whether the server's schema accepts an input, if only inputs may not fit; otherwise no call fits. */
  readonly accepts: ((input: unknown) => boolean) | undefined;
}

/** By path of the procedure; none means that all calls fit. */
export type Mismatches = Map<string, Mismatch>;

/**
 * The procedures that a client cannot call at a server, by the breaking findings of a contract check.
 *
 * Access rules and typed errors are left to the server: it refuses callers itself, and a changed error does not make a
 * call fail.
 */
export function mismatchesOf(ours: ContractSnapshot, { snapshot, hash }: DescribedContract): Mismatches {
  const breaking = compareContracts({ old: ours, next: snapshot }).filter(
    ({ severity, direction, rule }) =>
      severity === 'breaking' && direction !== 'error' && !rule.startsWith('access-'),
  );
  const found: Mismatches = new Map();
  for (const [path, findings] of Map.groupBy(breaking, ({ procedure }) => procedure ?? '')) {
    const always = findings.find((finding) => !isOfInput(finding));
    const first = always ?? findings[0];
    if (!first) continue;
    found.set(path, {
      rule: first.rule,
      place: first.place,
      what: rules[first.rule].what,
      theirs: hash,
      version: snapshot.version,
      accepts: always ? undefined : accepting(snapshot, path),
    });
  }
  return found;
}

function isOfInput({ direction }: Finding): boolean {
  return direction === 'input';
}

/** The check of a call's input by the schema of the server. What JSON Schema cannot express is left to the server. */
function accepting({ procedures }: ContractSnapshot, path: string): (input: unknown) => boolean {
  const theirs = procedures.find((one) => one.path === path);
  const schema = theirs?.input ? schemaOf(theirs.input) : undefined;
  return (input) => {
    // As it is sent.
    const text = JSON.stringify(input);
    if (text === undefined) return theirs?.input === null || theirs?.inputOptional === true;
    if (theirs?.input === null) return false;
    return schema?.safeParse(JSON.parse(text)).success ?? true;
  };
}

function schemaOf(schema: JsonSchema): z.ZodType | undefined {
  try {
    return schemaFrom(schema, 'input');
  } catch {
    return undefined;
  }
}
