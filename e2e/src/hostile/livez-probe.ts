import { setTimeout as delay } from 'node:timers/promises';

/**
 * Calls `/livez` of the services at the given URLs repeatedly. Each time that all have answered, it prints a
 * line of JSON with the longest wait so far, in milliseconds. A separate process, so that a flood does not
 * slow down the measurement.
 */
const urls = process.argv.slice(2);
const longestMs: Record<string, number> = {};

async function ask(url: string): Promise<void> {
  const askedAt = performance.now();
  const answer = await fetch(`${url}/livez`);
  await answer.text();
  longestMs[url] = Math.max(longestMs[url] ?? 0, performance.now() - askedAt);
}

for (;;) {
  await Promise.all(urls.map(ask));
  process.stdout.write(`${JSON.stringify(longestMs)}\n`);
  await delay(50);
}
