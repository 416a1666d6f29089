/**
 * Asks `/livez` of the services at the URLs that it is given again and again, one line of JSON for each second: the longest
 * wait so far, in milliseconds. A process of its own, so that what floods a service does not slow down who measures.
 */
const urls = process.argv.slice(2);
const longestMs: Record<string, number> = {};

async function probe(url: string): Promise<never> {
  for (;;) {
    const askedAt = performance.now();
    const answer = await fetch(`${url}/livez`);
    await answer.text();
    longestMs[url] = Math.max(longestMs[url] ?? 0, performance.now() - askedAt);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

setInterval(() => process.stdout.write(`${JSON.stringify(longestMs)}\n`), 500);
await Promise.all(urls.map(probe));
