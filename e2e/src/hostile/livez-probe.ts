import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `/livez` of the services at the URLs that it is given again and again, one line of JSON each time that all have
 * answered: the longest wait so far, in milliseconds. A process of its own, so that what floods a service does not slow
 * down who measures.
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
