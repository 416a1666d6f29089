import { z } from 'zod';
import { errorCodes } from '../wire/index.ts';
import { describeAccess, type Alternative } from './access.ts';
import type { ContractEntry } from './contract.ts';
import type { ErrorDefinitions } from './error.ts';
import type { Priority, ProcedureKind, RateLimit } from './procedure.ts';

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

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
}>;

/** Describes procedures as JSON. What JSON Schema cannot express, such as a refinement, is left out: a schema may admit more. */
export function describeProcedures(entries: readonly ContractEntry[]): readonly ProcedureDescription[] {
  return entries.map(({ path, procedure }) => {
    const { kind, summary, input, output, access, idempotent, timeoutMs, rateLimit, priority, hedge } =
      procedure;
    return {
      path,
      kind,
      summary,
      input: schemaOf(input, 'input'),
      inputOptional: input.safeParse(undefined).success,
      output: schemaOf(output, 'output'),
      access: { words: describeAccess(access), alternatives: access.alternatives },
      errors: describeErrors(procedure.errors),
      idempotent,
      timeoutMs: timeoutMs ?? null,
      rateLimit: rateLimit ?? null,
      priority,
      hedge,
    };
  });
}

function describeErrors(errors: ErrorDefinitions): ErrorDescription[] {
  return Object.entries(errors).map(([name, { code, message, data }]) => ({
    name,
    code,
    httpStatus: errorCodes[code].httpStatus,
    message: typeof message === 'string' ? message : null,
    data: schemaOf(data, 'output') ?? {},
  }));
}

/** @param io `input` for what is sent before the schema changes it, `output` for what comes out. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema | null {
  if (schema instanceof z.ZodVoid) return null;
  const { $schema: _dialect, ...own } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return own;
}
