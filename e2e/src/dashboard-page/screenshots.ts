import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { findDashboardPorts, startDashboard } from '../dashboard.ts';
import { startDatabase } from '../database.ts';
import { serviceNames, startMesh, type TestMesh } from '../mesh.ts';
import { newPerson } from '../people.ts';
import { buildPage } from './build-page.ts';
import { startChromium } from './chromium.ts';
import { openTab } from './open-page.ts';

// node e2e/src/dashboard-page/screenshots.ts: the pictures of docs/images/, of a real mesh under load; after a minute its
// notification service is killed. With names, such as `killed killed-map`, only those.

const folder = `${import.meta.dirname}/../../../docs/images`;
const widths = { desktop: { width: 1280, height: 860 }, phone: { width: 360, height: 780 } };
const schemes = ['light', 'dark'] as const;
const wanted = process.argv.slice(2);
const healthyMs = 60_000;
const killedMs = 25_000;

mkdirSync(folder, { recursive: true });
await using ending = new AsyncDisposableStack();
await buildPage();
const ports = await findDashboardPorts();
const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.otlpPort}` };
const mesh = ending.use(await startMesh(traced, await startDatabase(serviceNames)));
// Slow checks may take longer: a busy machine must not make healthy services red.
const settings = { PUBLIC_VIEW: 'true', EXPLORER: 'open', CHECK_INTERVAL_MS: '5000' };
const dashboard = ending.use(await startDashboard(mesh, ports, settings));
const browser = await startChromium();
ending.defer(() => browser.close());
const stopped = new AbortController();
const working = work(mesh, stopped.signal);
ending.defer(async () => {
  stopped.abort();
  await working;
});

await delay(healthyMs);
await take('healthy', '/');
await take('trace', '/traces?name=outbox', 'main li a');
await take('explorer', '/explorer/wiki/pages.list', 'main form button[type=submit]');
mesh.process('notification').signal('SIGKILL');
await delay(killedMs);
await take('killed', '/');
await take('killed-map', '/map?edge=wiki~notification');
await take('killed-service', '/services/notification');
await take('incident', '/status');
await take('failed-trace', '/traces?service=notification&failed=1', 'main li a');

/** Pictures of a view at each width, in each colour scheme. @param link A link to follow first. */
async function take(name: string, path: string, link?: string): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  for (const [width, viewport] of Object.entries(widths))
    for (const colorScheme of schemes) {
      const tab = await openTab(browser, dashboard.url, { viewport, colorScheme });
      await tab.open(path);
      if (link !== undefined) await tab.page.locator(link).first().click();
      // Until the views of the parts are there, and the first dots.
      await tab.page.waitForTimeout(1500);
      await tab.page.screenshot({ path: `${folder}/dashboard-${name}-${width}-${colorScheme}.png` });
      await tab.page.close();
      if (tab.problems.length > 0) console.log(name, tab.problems);
    }
}

/** Some people who read pages, write some, and comment on those of others, as fast as ten a second. */
async function work(on: TestMesh, signal: AbortSignal): Promise<void> {
  const people: Awaited<ReturnType<typeof newPerson>>[] = [];
  // One after the other: their passwords are hashed in the time that is left over.
  for (const name of ['ada', 'ben', 'cleo']) people.push(await patiently(() => newPerson(on, name)));
  const pages: string[] = [];
  for (const { wiki } of people)
    for (const title of ['Getting started', 'On call', 'Release notes']) {
      const made = await wiki.pages.create.mutate({ slug: `page-${randomUUID()}`, title, body: 'Text' });
      pages.push(made.id);
    }
  for (let count = 0; !signal.aborted; count += 1) {
    const one = people[count % people.length];
    const pageId = pages[(7 * count) % pages.length] ?? '';
    if (!one) continue;
    const calls: Promise<unknown>[] = [
      one.wiki.pages.list.query({}),
      one.wiki.comments.list.query({ pageId }),
      one.notification.notifications.list.query({}),
    ];
    if (count % 4 === 0) calls.push(one.wiki.comments.create.mutate({ pageId, body: `Comment ${count}` }));
    // What fails is what the pictures show.
    await Promise.allSettled(calls);
    await delay(100);
  }
}

/** Tries up to five times: on a busy machine, a password may take longer to hash than a call may take. */
async function patiently<Result>(make: () => Promise<Result>, tries = 5): Promise<Result> {
  try {
    return await make();
  } catch (error) {
    if (tries === 1) throw error;
    return patiently(make, tries - 1);
  }
}
