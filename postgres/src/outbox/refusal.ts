import { errorCodes, isErrorCode, type ErrorCode } from '@arcadium/mesh/contract';

/**
 * Whether an error is a permanent refusal of a message. FORBIDDEN is one if it is a typed error of the contract, such as a
 * topic of another service. Otherwise it is about the sender's access, which an operator can correct.
 */
export function isPermanent(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 'FORBIDDEN') return isNamed(error);
  return code !== undefined && errorCodes[code].permanent;
}

/** Whether an error may be caused by one message, so that others can succeed. */
export function isAboutOneMessage(error: unknown): boolean {
  return isPermanent(error) || codeOf(error) === 'INTERNAL_SERVER_ERROR';
}

/** An error as `last_error` and the log have it: code and message in one line of at most 500 characters. */
export function describeFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${codeOf(error) ?? 'UNKNOWN'}: ${message}`
    .replaceAll('\0', '')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 500);
}

/** Whether it is a typed error of a contract: of a tRPC client (`data.error`), or a MeshError (`named`). */
function isNamed(error: unknown): boolean {
  const { data, named } = error as { data?: { error?: unknown } | null; named?: unknown };
  return Boolean(data?.error ?? named);
}

/** The code of a tRPC client's error (`data.code`) or of a MeshError (`code`). */
function codeOf(error: unknown): ErrorCode | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { data, code } = error as { data?: { code?: unknown } | null; code?: unknown };
  return [data?.code, code].find(isErrorCode);
}
