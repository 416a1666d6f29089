import { setTimeout as sleep } from 'node:timers/promises';
import { request, type Dispatcher } from 'undici';

/** How often requests are sent, and the wait before one is repeated if the receiver asks for none, in milliseconds. */
export const sendEveryMs = 1000;

/** What OTLP lets senders send again. */
const temporary = new Set([429, 502, 503, 504]);

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
  /** What sends it. @default undici's own */
  readonly dispatcher: Dispatcher | undefined;
  /** Whether it is sent again if the receiver is busy or not reached. */
  readonly retry: boolean;
}

/**
 * Sends a request to a receiver of OTLP.
 *
 * @throws Error why the receiver did not take it
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export async function post(sent: Post): Promise<void> {
  for (;;) {
    const { failure, waitMs } = await attempt(sent);
    if (!failure) return;
    if (!sent.retry || waitMs === undefined || sent.signal.aborted) throw failure;
    try {
      await sleep(waitMs, undefined, { signal: sent.signal });
    } catch {
      throw failure;
    }
  }
}

/** @returns What failed, and the wait before it may be sent again. */
async function attempt({
  url,
  headers,
  body,
  signal,
  dispatcher,
}: Post): Promise<{ failure?: Error; waitMs?: number }> {
  try {
    const answer = await request(url, {
      method: 'POST',
      headers,
      body,
      signal,
      ...(dispatcher && { dispatcher }),
    });
    await answer.body.dump();
    const { statusCode: status } = answer;
    if (status >= 200 && status < 300) return {};
    const failure = new Error(`the receiver answered ${status}`);
    if (!temporary.has(status)) return { failure };
    return { failure, waitMs: Number(answer.headers['retry-after']) * 1000 || sendEveryMs };
  } catch (thrown) {
    return { failure: thrown instanceof Error ? thrown : new Error(String(thrown)), waitMs: sendEveryMs };
  }
}
