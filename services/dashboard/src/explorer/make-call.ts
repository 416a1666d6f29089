import type { ExplorerAnswer } from '@arcadium/contracts/dashboard';
import { problemOf } from '../jobs/ask.ts';
import { requestOf, type ExplorerRequest } from './request.ts';

/** Longest answer that is shown, in bytes. */
const maxBytes = 1024 * 1024;

/** Makes a call and resolves to what came of it, also if the service does not answer. */
export async function makeCall(
  request: ExplorerRequest & { timeoutMs: number },
  signal: AbortSignal,
): Promise<ExplorerAnswer> {
  const { target, init, requestId, traceId } = requestOf(request);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs)]);
  const startedAt = performance.now();
  const ended = () => ({ durationMs: performance.now() - startedAt, requestId, traceId });
  try {
    const response = await request.fetch(target, { ...init, signal: limit });
    const { text, truncated } = await readText(response);
    const { answer, failed } = truncated ? { answer: text, failed: !response.ok } : unwrap(text, response.ok);
    return { status: response.status, answer, failed, truncated, ...ended() };
  } catch (error) {
    signal.throwIfAborted();
    const message = problemOf(error, request.timeoutMs);
    return { status: 0, answer: JSON.stringify({ message }), failed: true, truncated: false, ...ended() };
  }
}

async function readText(response: Response): Promise<{ text: string; truncated: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop cancels the rest.
    if (size > maxBytes) break;
  }
  const text = Buffer.concat(chunks).subarray(0, maxBytes).toString();
  return { text, truncated: size > maxBytes };
}

/** The output, or the error, without tRPC's envelope. */
function unwrap(text: string, ok: boolean): { answer: string; failed: boolean } {
  try {
    const { result, error } = JSON.parse(text) as { result?: { data?: unknown }; error?: unknown };
    const answer: unknown = error ?? result?.data ?? null;
    return { answer: JSON.stringify(answer), failed: error !== undefined || !ok };
  } catch {
    return { answer: JSON.stringify(text), failed: true };
  }
}
