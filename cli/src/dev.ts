import { setTimeout as delay } from 'node:timers/promises';
import { lookAtAll, table, waitUntilHealthy } from './health.ts';
import { serviceUrls, settingsOf } from './workspace.ts';

// Part of `npm run dev`: waits until every service is healthy, prints one table
// and what to try next, and after that a line whenever an endpoint changes.

/** How long a first start may take, in milliseconds. */
const patienceMs = 60_000;

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    ending.abort();
    process.exit(0);
  });
}

const urls = serviceUrls();
const { healthy, services } = await waitUntilHealthy(urls, patienceMs, ending.signal);
console.log(`\n${table(services)}\n`);
if (healthy) console.log(`${nextSteps()}\n`);
else console.log('Not all of the mesh is healthy; the lines above say why.\n');
await report(new Map(services.map(({ url, status }) => [url, status])));

/** @param known The last status, by URL. */
async function report(known: Map<string, string>): Promise<never> {
  for (;;) {
    await delay(2000);
    for (const { name, url, status } of await lookAtAll(urls)) {
      const one = (urls.get(name)?.length ?? 0) > 1 ? `${name} at ${url}` : name;
      if (known.get(url) !== status) console.log(`${one} is ${status}`);
      known.set(url, status);
    }
  }
}

function nextSteps(): string {
  const [wiki = ''] = urls.get('wiki') ?? [];
  const { ADMIN_EMAIL = '' } = settingsOf('services/auth');
  return [
    'The mesh runs. Try next, in another terminal:',
    '  npm run demo                          one story through all three services',
    `  curl ${wiki}/health`,
    `  curl '${wiki}/trpc/pages.list'`,
    `  log in as ${ADMIN_EMAIL}; the password is ADMIN_PASSWORD in services/auth/.env`,
    'Ctrl-C ends everything.',
  ].join('\n');
}
