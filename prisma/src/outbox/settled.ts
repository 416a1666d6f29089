import { setTimeout as delay } from 'node:timers/promises';

/** What work comes to, unless it takes longer than so many milliseconds. */
export async function settled<Result>(work: Promise<Result>, timeoutMs: number): Promise<Result> {
  const done = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`not sent within ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
