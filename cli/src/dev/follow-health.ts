import { setTimeout as delay } from 'node:timers/promises';
import { lookAtAll, type Seen } from '../health.ts';

/** Interval of the checks, in milliseconds. */
const pollMs = 2000;

/**
 * Prints a line whenever the health of an endpoint changes, until the signal.
 *
 * @param first Their last known health.
 */
export async function followHealth(
  urls: ReadonlyMap<string, readonly string[]>,
  first: readonly Seen[],
  { say, signal }: { say: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const known = new Map(first.map(({ url, status }) => [url, status]));
  for (;;) {
    await delay(pollMs, undefined, { signal }).catch(() => {});
    const seen = signal.aborted ? [] : await lookAtAll(urls);
    if (signal.aborted) return;
    for (const { name, url, status } of seen) {
      const one = (urls.get(name)?.length ?? 0) > 1 ? `${name} at ${url}` : name;
      if (known.get(url) !== status) say(`${one} is ${status}`);
      known.set(url, status);
    }
  }
}
