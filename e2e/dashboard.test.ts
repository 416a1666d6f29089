import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChromium } from './src/dashboard-page/chromium.ts';
import { openTab, type Tab } from './src/dashboard-page/open-page.ts';
import { findDashboardPorts, startDashboard, type TestDashboard } from './src/dashboard.ts';
import { startDatabase, type OwnDatabase } from './src/database.ts';
import { serviceNames, startMesh, type TestMesh } from './src/mesh.ts';
import { newPerson } from './src/people.ts';
import { noPrometheus, promtool } from './src/prometheus.ts';

// A real mesh, its real dashboard, and a real Chromium. The tests build on one another, as one session of an operator.

let mesh: TestMesh<OwnDatabase>;
let dashboard: TestDashboard;
let browser: Browser;
let tab: Tab;
let ann: Awaited<ReturnType<typeof newPerson>>;
let ben: Awaited<ReturnType<typeof newPerson>>;

beforeAll(async () => {
  const ports = await findDashboardPorts();
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.otlpPort}` };
  [mesh, browser] = await Promise.all([
    startDatabase(serviceNames).then((database) => startMesh(traced, database)),
    startChromium(),
  ]);
  dashboard = await startDashboard(mesh, ports);
  [ann, ben] = await Promise.all([newPerson(mesh, 'ann'), newPerson(mesh, 'ben')]);
  const client = new pg.Client({ connectionString: mesh.database.adminUrl });
  await client.connect();
  await client.query(`UPDATE auth.users SET role = 'admin' WHERE id = $1`, [ann.id]);
  await client.end();
  tab = await openTab(browser, dashboard.url);
});
afterAll(async () => {
  await browser?.close();
  await dashboard?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

const textOf = (selector: string) => () => tab.page.locator(selector).first().textContent();
const rowOf = (service: string) => textOf(`tr[data-service="${service}"]`);
const follow = (name: string) => tab.page.getByRole('link', { name, exact: true }).first().click();
const within = (ms: number) => ({ timeout: ms, interval: 50 });

test('an administrator logs in and sees a healthy mesh, with the dashboard itself', async () => {
  await expect
    .poll(() =>
      fetch(`${dashboard.url}/readyz`).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
  await tab.page.goto(dashboard.url);
  await tab.page.getByLabel('Email').fill(ann.email);
  await tab.page.getByLabel('Password').fill(ann.password);
  await tab.page.getByRole('button', { name: 'Log in' }).click();
  await expect.poll(textOf('h1')).toBe('All 4 services are healthy');
  expect(await rowOf('dashboard')()).toContain('connected');
});

test.skipIf(noPrometheus)('promtool finds nothing in the metrics of the dashboard', async () => {
  const metrics = await (await fetch(`${dashboard.url}/metrics`)).text();
  expect(metrics).toContain('mesh_server_call_seconds_bucket');
  expect(promtool(['check', 'metrics'], metrics)).toEqual({ status: 0, output: '' });
});

test('auth shows its slowest statements, its migrations, and the key that signs', async () => {
  await follow('auth');
  const rowsOf = (name: string) => tab.page.getByRole('group', { name }).locator('tbody tr');
  await expect.poll(() => rowsOf('Statements by total time').count(), within(6000)).toBeGreaterThan(3);
  expect(await tab.page.getByText(/^Migrations: [1-9]\d* applied, last/).textContent()).not.toContain(
    'pending',
  );
  expect(await rowsOf('Signing keys').allTextContents()).toEqual([
    expect.stringMatching(/current(?:–|rotates in \d+ d)$/),
  ]);
});

test('a comment and the notification that it causes are one trace', async () => {
  const page = { slug: `page-${randomUUID()}`, title: 'A page', body: 'Text' };
  const { id: pageId } = await ann.wiki.pages.create.mutate(page);
  await ben.wiki.comments.create.mutate({ pageId, body: 'Seen' });
  await follow('Traces');
  const comment = tab.page.locator('li', { hasText: 'wiki.comments.create' }).first();
  await expect.poll(() => comment.textContent()).toContain('notification');
  await comment.getByRole('link').first().click();
  await expect.poll(textOf('h1')).toBe('wiki.comments.create');
  const spans = tab.page.locator('[role=option]');
  for (const name of ['wiki.comments.create', 'notification.notifications.sendBatch'])
    expect(await spans.filter({ hasText: name }).count()).toBeGreaterThan(0);
});

test('the explorer makes a call, and its answer leads to the trace and the log line', async () => {
  await follow('Explorer');
  await follow('pages.get');
  await tab.page.getByLabel('Input, JSON').fill('{"slug":"nothing-is-here"}');
  await tab.page.getByRole('button', { name: 'Call', exact: true }).click();
  await expect.poll(textOf('[aria-label=Answer]')).toContain('PAGE_NOT_FOUND');
  await follow('Trace');
  await expect.poll(textOf('h1')).toBe('wiki.pages.get');
});

test('a killed service is red within six seconds, without a reload, its edge shows why, and it comes back', async () => {
  await follow('Overview');
  await expect.poll(textOf('h1')).toBe('All 4 services are healthy');
  await tab.page.evaluate('window.isSame = true');
  mesh.process('notification').signal('SIGKILL');
  await mesh.process('notification').ended;
  await expect.poll(rowOf('notification'), within(6000)).toContain('unhealthy');
  // The check that it died under has another reason; the next one has this.
  await expect.poll(rowOf('notification'), within(6000)).toContain('connection refused');

  const { items } = await ann.wiki.pages.list.query({});
  await ben.wiki.comments.create.mutate({ pageId: items[0]?.id ?? '', body: 'Is anyone there?' });
  await follow('Map');
  await expect.poll(textOf('[data-edge="wiki notification"]'), within(20_000)).toMatch(/breaker|fail/);

  mesh.start('notification');
  await follow('Overview');
  await expect.poll(textOf('h1')).toBe('All 4 services are healthy');
  expect(await tab.page.evaluate('window.isSame')).toBe(true);
});

test('while PostgreSQL and auth are down, the dashboard goes on showing', async () => {
  mesh.process('auth').signal('SIGKILL');
  await mesh.process('auth').ended;
  await mesh.database.cluster.kill();
  await expect.poll(rowOf('auth'), within(6000)).toContain('unhealthy');
  await expect.poll(rowOf('wiki'), within(10_000)).toContain('disconnected');
  await expect.poll(textOf('h1')).toBe('3 of 4 services are unhealthy');
  await follow('Traces');
  await expect
    .poll(() => tab.page.locator('li', { hasText: 'wiki.comments.create' }).count())
    .toBeGreaterThan(0);
  expect((await fetch(`${dashboard.url}/readyz`)).status).toBe(200);
  // Errors of scripts, and violations of the Content-Security-Policy; refused calls are none.
  expect(tab.problems.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
});
