import type { z } from 'zod';
import type { AnyProcedure } from '../../contract/index.ts';
import { MeshError } from '../../wire/index.ts';

/** At most this many issues are answered: an input that is wrong in a thousand places must not make an answer of a thousand lines. */
const mostIssues = 10;

/** Checks an input against its contract. @throws MeshError BAD_REQUEST, with the issues. */
export function parseInput({ input }: AnyProcedure, raw: unknown): unknown {
  const parsed = input.safeParse(raw);
  if (parsed.success) return parsed.data;
  if (input.type === 'void' && isEmpty(raw)) return undefined;
  throw new MeshError('BAD_REQUEST', 'The input does not match the contract', {
    issues: issuesOf(parsed.error),
  });
}

/** Whether a body says, as many clients do, that there is no input. */
function isEmpty(raw: unknown): boolean {
  return raw === null || (typeof raw === 'object' && !Array.isArray(raw) && Object.keys(raw).length === 0);
}

function issuesOf(error: z.ZodError): { path: (string | number)[]; message: string }[] {
  return error.issues.slice(0, mostIssues).map(({ path, message }) => ({
    path: path.map((key) => (typeof key === 'symbol' ? String(key) : key)),
    message,
  }));
}

/** Checks an answer, or an event, against its contract. @throws Error where it does not fit, which is a defect of the handler. */
export function presentOutput({ output }: AnyProcedure, path: string, answer: unknown): unknown {
  const parsed = output.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new Error(`the answer of ${path} does not match its contract`, { cause: parsed.error });
}
