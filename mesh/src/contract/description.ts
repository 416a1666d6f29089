import { errorCodes } from '../wire/index.ts';
import { describeAccess, type Alternative } from './access.ts';
import type { ContractEntry } from './contract.ts';
import type { ErrorDefinitions } from './error.ts';
import type { Priority, ProcedureKind, RateLimit } from './procedure.ts';
import { jsonSchemaOf, type JsonSchema } from './schema/json-schema.ts';

/** A typed error of a procedure, as data. */
export type ErrorDescription = Readonly<{
  name: string;
  code: string;
  httpStatus: number;
  /** For people; null if it depends on the data. */
  message: string | null;
  data: JsonSchema;
}>;

/** A procedure, as data. */
export type ProcedureDescription = Readonly<{
  /** For example `pages.create`. */
  path: string;
  kind: ProcedureKind;
  summary: string;
  /** What a caller sends; null if the procedure has no input. */
  input: JsonSchema | null;
  /** Whether the input can be left out. */
  inputOptional: boolean;
  /** What a caller gets, or one event of a subscription; null for nothing. */
  output: JsonSchema | null;
  access: Readonly<{ words: string; alternatives: readonly Alternative[] }>;
  errors: readonly ErrorDescription[];
  idempotent: boolean | 'by-key';
  /** Longest time for one attempt, in milliseconds; null for the default of client and server. */
  timeoutMs: number | null;
  /** Limit per address for all callers. */
  rateLimit: RateLimit | null;
  priority: Priority;
  hedge: boolean;
  /** Inputs as callers send them; absent without any. */
  examples?: readonly unknown[];
}>;

/**
 * The contract of a service at one version, as data: what `GET /api/contract` answers, and what a contract check
 * compares.
 */
export type ContractSnapshot = Readonly<{
  /** Of this format; absent in snapshots by meshes whose schemas have no marks for what JSON Schema cannot express. */
  format?: typeof snapshotFormat;
  name: string;
  /** Of the service. */
  version: string;
  procedures: readonly ProcedureDescription[];
}>;

const snapshotFormat = 1;

/**
 * Takes a snapshot of a contract.
 *
 * @example
 * import { writeFile } from 'node:fs/promises';
 *
 * const procedures = entriesOf(shopContract);
 * await writeFile('shop.contract.json', JSON.stringify(takeSnapshot({ name: 'shop', version: '1.0.0', procedures })));
 */
export function takeSnapshot({
  name,
  version,
  procedures,
}: Readonly<{ name: string; version: string; procedures: readonly ContractEntry[] }>): ContractSnapshot {
  return { format: snapshotFormat, name, version, procedures: describeProcedures(procedures) };
}

/**
 * Describes procedures as JSON. A schema admits more than its keywords say if it has marks (`x-…`), such as
 * `x-refinements`: what JSON Schema cannot express is there as fingerprints.
 *
 * @example
 * const described = describeProcedures(entriesOf(shopContract));
 */
export function describeProcedures(entries: readonly ContractEntry[]): readonly ProcedureDescription[] {
  return entries.map(({ path, procedure }) => {
    const { kind, summary, access, idempotent, timeoutMs, rateLimit, priority, hedge } = procedure;
    const { input, output } = procedure.schemas ?? procedure;
    return {
      path,
      kind,
      summary,
      input: jsonSchemaOf(input, 'input'),
      inputOptional: input.safeParse(undefined).success,
      output: jsonSchemaOf(output, 'output'),
      access: { words: describeAccess(access), alternatives: access.alternatives },
      errors: describeErrors(procedure.errors),
      idempotent,
      timeoutMs: timeoutMs ?? null,
      rateLimit: rateLimit ?? null,
      priority,
      hedge,
      // A contract that an older version of the mesh made has none.
      ...(procedure.examples?.length && { examples: procedure.examples }),
    };
  });
}

function describeErrors(errors: ErrorDefinitions): ErrorDescription[] {
  return Object.entries(errors).map(([name, { code, message, data }]) => ({
    name,
    code,
    httpStatus: errorCodes[code].httpStatus,
    message: typeof message === 'string' ? message : null,
    data: jsonSchemaOf(data, 'output') ?? {},
  }));
}
