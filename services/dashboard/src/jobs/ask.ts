/** Longest body that is read, in bytes. */
const maxBytes = 8 * 1024 * 1024;

export interface AskOptions {
  readonly authorization?: string;
  readonly signal: AbortSignal;
}

/**
 * Gets a URL. Redirects are refused, because a token must not go to another address.
 *
 * @throws Error if it cannot be reached, the signal fires, or the body is longer than 8 MiB.
 */
export async function ask(
  url: string,
  { authorization, signal }: AskOptions,
): Promise<{ status: number; text: string }> {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(url, { headers, signal, redirect: 'error' });
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return { status: response.status, text: text + decoder.decode() };
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found',
  EHOSTUNREACH: 'host not reachable',
  ENETUNREACH: 'network not reachable',
};

/** Why a URL gave no answer, in words. @param limitMs The time limit of the request. */
export function problemOf(error: unknown, limitMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${limitMs} ms`;
  const code = codeOf(error) ?? codeOf(error.cause);
  return reasons[code ?? ''] ?? code ?? error.message;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // Several addresses of one host: each has an own error.
  if (error instanceof AggregateError && !('code' in error)) return codeOf(error.errors[0]);
  return 'code' in error ? String(error.code) : undefined;
}
