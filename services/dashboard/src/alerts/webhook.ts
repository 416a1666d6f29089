import { problemOf } from '../jobs/ask.ts';
import type { AlertChannel } from '../jobs/alert-queue.ts';

/** How long the receiver may take, in milliseconds. */
const timeoutMs = 10_000;

/** Sends alerts as JSON with POST. @param url Read for each. */
export function webhook(url: () => string): AlertChannel {
  return {
    name: 'webhook',
    async send({ key, body }, signal) {
      const response = await fetch(url(), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      }).catch((error: unknown) => {
        throw new Error(`the webhook cannot be reached: ${problemOf(error, timeoutMs)}`);
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the webhook answered with HTTP status ${response.status}`);
    },
  };
}
