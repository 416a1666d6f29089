import { errorCodes, isErrorCode, type ErrorCode } from '@arcadium/mesh/wire';

/**
 * Whether what a call failed with is a refusal for good. FORBIDDEN is one where the contract names it, as a topic that
 * others send: that is about the message. Without a name it is about the sender's access, which may be mended.
 */
export function isPermanent(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 'FORBIDDEN') return isNamed(error);
  return code !== undefined && errorCodes[code].permanent;
}

/** Whether a failure is of the message alone, and says nothing about whether others get through. */
export function isAboutOneMessage(error: unknown): boolean {
  return isPermanent(error) || codeOf(error) === 'INTERNAL_SERVER_ERROR';
}

/** What a failure is called in the outbox: one line, short, without a stack. */
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
