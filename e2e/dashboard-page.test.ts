import { gzipSync } from 'node:zlib';
import type { Browser, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serveSimulatedMesh, type SimulatedMesh } from '../services/dashboard/src/testing/simulated-mesh.ts';
import { administrator } from '../services/dashboard/src/testing/simulation/sessions.ts';
import { startChromium } from './src/dashboard-page/chromium.ts';
import { openTab, type Tab } from './src/dashboard-page/open-page.ts';

// The built page in a real Chromium, with a strict Content-Security-Policy, before a simulated mesh.

let browser: Browser;
let mesh: SimulatedMesh;
let tab: Tab;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.close());

async function start(isPublic: boolean) {
  mesh = await serveSimulatedMesh({ checkEveryMs: 500, isPublic });
  tab = await openTab(browser, mesh.url);
}

async function stop() {
  await tab.page.close();
  await mesh.stop();
}

const rowOf = (service: string) => textOf(`tr[data-service="${service}"]`);
const textOf = (selector: string) => () => tab.page.locator(selector).first().textContent();
const click = (name: string, role: 'button' | 'link' | 'radio' = 'button') =>
  tab.page.getByRole(role, { name, exact: true }).click();
/** Pixels that the document is wider than its window. */
const tooWide = `document.documentElement.scrollWidth - document.documentElement.clientWidth`;
const within = (ms: number) => ({ timeout: ms, interval: 50 });

describe('with a public view', () => {
  beforeAll(() => start(true));
  afterAll(() => stop());
  afterEach(() => {
    for (const service of ['auth', 'notification']) mesh.revive(service);
    // Errors of scripts, and violations of the Content-Security-Policy.
    if (tab.problems.length > 0) throw new Error(tab.problems.join('\n'));
  });

  test('the first load, with the map, is under 170 kB compressed', async () => {
    const loaded: Response[] = [];
    tab.page.on('response', (response) => loaded.push(response));
    await tab.open('/');
    await tab.page.locator('[data-edge]').first().waitFor({ state: 'attached' });
    const files = loaded.filter((response) => !response.url().includes('/trpc'));
    const sizes = await Promise.all(files.map(async (file) => gzipSync(await file.body()).length));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total).toBeGreaterThan(50_000);
    expect(total).toBeLessThan(170_000);
  });

  test('a killed service turns red without a reload, with its reason, and back', async () => {
    await tab.open('/');
    await tab.page.evaluate('window.isSame = true');
    const colour = () =>
      tab.page.evaluate(
        `getComputedStyle(document.querySelector('tr[data-service="notification"] td span')).color`,
      );
    const green = await colour();
    mesh.kill('notification');
    await expect.poll(textOf('h1'), within(6000)).toBe('1 of 6 services is unhealthy');
    expect(await rowOf('notification')()).toContain('unhealthy');
    expect(await rowOf('notification')()).toContain('ECONNREFUSED');
    expect(await colour()).not.toBe(green);
    mesh.revive('notification');
    await expect.poll(textOf('h1'), within(6000)).toBe('All 6 services are healthy');
    expect(await colour()).toBe(green);
    expect(await tab.page.evaluate('window.isSame')).toBe(true);
  });

  test('an edge shows its breaker and the reasons; the minute before shows none', async () => {
    const words = '[data-edge="wiki notification"]';
    mesh.kill('notification', Date.now() - 2000);
    await tab.open('/map');
    await expect.poll(textOf(words), within(6000)).toContain('breaker open');
    await click('Table', 'radio');
    await click('wiki → notification');
    expect(await textOf('[aria-label="What is unusual"]')()).toContain('The breaker of notification is open');
    await click('Map', 'radio');

    await click('A minute earlier');
    await expect.poll(textOf(words)).not.toContain('breaker');
    const address = new URL(tab.page.url());
    expect(Date.now() - Date.parse(address.searchParams.get('at') ?? '')).toBeLessThan(120_000);
    // The address is all that a colleague needs.
    await tab.open(address.pathname + address.search);
    await expect.poll(textOf(words)).toMatch(/^[\d.]+\/s · \d/);
    expect(await textOf('h2')()).toBe('wiki → notification');
    await click('Live');
    await expect.poll(textOf(words), within(6000)).toContain('breaker open');
    await tab.open('/map?at=yesterday');
    expect(await textOf('h1 + p')()).toBe('Traffic of the last ten seconds');
  });

  test('a failed call leads to its trace, its log lines, and back', async () => {
    const traceId = mesh.failCall('auth');
    await tab.open('/services/wiki');
    await tab.page.locator(`a[href="/traces/${traceId}"]`).click();
    await expect.poll(textOf('h1')).toBe('wiki.comments.create');
    // The deepest failure is chosen; arrow keys go from span to span.
    const chosen = tab.page.locator('[role=option][aria-selected=true]');
    expect(await chosen.textContent()).toContain('attempt 1');
    await chosen.press('ArrowDown');
    await expect.poll(() => chosen.textContent()).toContain('attempt 2');
    await chosen.press('Home');
    await expect.poll(() => tab.page.locator('dd a[href^="/logs?requestId="]').count()).toBe(1);
    await click('Log lines of this trace', 'link');
    await expect.poll(textOf('li[data-level=error]')).toContain('comments.create failed: UNAVAILABLE');
    await tab.page.locator(`li[data-level=error] a[href="/traces/${traceId}"]`).click();
    await expect.poll(() => tab.page.url()).toContain(`/traces/${traceId}`);
  });

  test('two clicks lead from the start to the reason of a failure', async () => {
    const clicks = () => tab.page.evaluate('window.clicks');
    /** Counts on the page itself, which a reload would begin again. */
    const openStart = async () => {
      await tab.open('/');
      await tab.page.evaluate(
        `window.clicks = 0; addEventListener('click', () => { window.clicks += 1; }, { capture: true })`,
      );
    };
    // Of the span that is chosen: the deepest that failed.
    const reason = tab.page.locator('section', { hasText: 'rpc.attempt' }).locator('p').first();

    // Of a service that is down.
    mesh.kill('notification');
    const down = mesh.failCall('notification');
    await openStart();
    await click('Failed traces', 'link');
    await tab.page.locator(`a[href="/traces/${down}"]`).first().click();
    await expect.poll(() => reason.textContent()).toContain('UNAVAILABLE');
    expect(await clicks()).toBe(2);

    // Of one that is healthy and fails a call.
    const failed = mesh.failCall('auth');
    await openStart();
    await tab.page.locator('tr[data-service="wiki"] a').first().click();
    await tab.page.locator(`a[href="/traces/${failed}"]`).first().click();
    await expect.poll(() => reason.textContent()).toContain('UNAVAILABLE');
    expect(await clicks()).toBe(2);
  });

  test('a service shows its slowest statements and its migrations, and auth its keys', async () => {
    await tab.open('/services/auth');
    const rowsOf = (name: string) => tab.page.getByRole('group', { name }).locator('tbody tr');
    await expect
      .poll(() => rowsOf('Statements by total time').first().textContent())
      .toContain('items.search');
    expect(await tab.page.getByText('Migrations: 7 applied').textContent()).toContain('12 d ago');
    expect(await rowsOf('Signing keys').allTextContents()).toEqual([
      expect.stringContaining('nextsigns in 9 min'),
      expect.stringContaining('currentrotates in 9 min'),
      expect.stringContaining('oldremoved in 31 d'),
    ]);
    await tab.open('/services/wiki');
    await expect.poll(() => rowsOf('Statements by total time').count()).toBe(7);
    expect(await rowsOf('Signing keys').count()).toBe(0);
  });

  test('axe finds nothing, in any view, light or dark, and nothing is wider than a phone', async () => {
    mesh.kill('notification', Date.now() - 60_000);
    const trace = mesh.failCall('notification');
    await tab.page.emulateMedia({ reducedMotion: 'reduce' });
    const views = [
      '/',
      '/map?edge=wiki~notification',
      '/map?view=table',
      '/services/wiki',
      '/services/auth',
      '/traces?failed=1',
    ];
    for (const view of [
      ...views,
      `/traces/${trace}`,
      '/explorer/dashboard/map.get',
      '/logs?level=error',
      '/status',
    ]) {
      await tab.page.setViewportSize({ width: 1280, height: 860 });
      await tab.open(view);
      await expect.poll(() => tab.page.getByText('Loading…').count()).toBe(0);
      await tab.page.getByLabel('Theme').selectOption('light');
      expect(await tab.audit(), `${view}, light`).toEqual([]);
      await tab.page.getByLabel('Theme').selectOption('dark');
      expect(await tab.audit('color-contrast'), `${view}, dark`).toEqual([]);
      await tab.page.setViewportSize({ width: 360, height: 780 });
      expect(await tab.page.evaluate(tooWide), view).toBeLessThanOrEqual(0);
    }
    await tab.page.getByLabel('Theme').selectOption('system');
    await tab.page.emulateMedia({ reducedMotion: null });
  });
});

describe('without a connection or a session', () => {
  afterEach(() => stop());

  test('a lost connection is shown, and the page is live again by itself', async () => {
    await start(true);
    await tab.open('/');
    const state = textOf('header [role=status]');
    await expect.poll(state).toBe('Live');
    const { port } = mesh;
    await mesh.stop();
    await expect.poll(state).toBe('Not connected');
    // A view whose file does not come says so; the others go on.
    await click('Logs', 'link');
    await expect.poll(textOf('h1')).toBe('This view failed');
    mesh = await serveSimulatedMesh({ port, checkEveryMs: 500 });
    await expect.poll(state).toBe('Live');
    await click('Overview', 'link');
    mesh.kill('auth');
    await expect.poll(rowOf('auth'), within(6000)).toContain('unhealthy');
  });

  /** From the log-in that the page shows. */
  async function logIn() {
    await tab.page.getByLabel('Email').fill(administrator.email);
    await tab.page.getByLabel('Password').fill(administrator.password);
    await click('Log in');
    await tab.page.getByLabel('Code of the authenticator app').fill(administrator.code);
    await click('Log in');
    await expect.poll(textOf('h1')).toBe('All 6 services are healthy');
  }

  test('administrators log in with a second factor, and see what is live', async () => {
    await start(false);
    await tab.page.goto(mesh.url);
    await tab.page.getByLabel('Email').fill(administrator.email);
    expect(await tab.audit()).toEqual([]);
    await tab.page.getByLabel('Password').fill('not this one');
    await click('Log in');
    await expect.poll(textOf('form [role=alert]')).not.toBe('');
    await logIn();
    mesh.kill('auth');
    await expect.poll(rowOf('auth'), within(6000)).toContain('unhealthy');
    await click('Log out Ada');
    await expect.poll(() => tab.page.getByLabel('Email').count()).toBe(1);
  });

  test('an administrator retries one notification that was given up, and deletes the other', async () => {
    await start(false);
    await tab.page.goto(mesh.url);
    await logIn();
    await tab.page.locator('a[href="/services/wiki"]').first().click();
    const rows = tab.page.getByRole('group', { name: 'Given up' }).locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(2);
    const given = textOf('section:has(h2:text-is("Outbox")) dl > div:last-child dd');
    const said = textOf('section p[role=status]');
    expect(await given()).toBe('2');
    await click('Try again');
    expect(await said()).toBe('Choose at least one notification.');
    await tab.page.getByLabel('Choose Ben commented').check();
    await click('Try again');
    await expect.poll(said).toBe('1 notification will be tried again.');
    await expect.poll(given).toBe('1');

    await tab.page.getByLabel('Choose all').check();
    await click('Delete');
    const question = tab.page.getByRole('alertdialog');
    expect(await question.textContent()).toContain('Delete 1 notification?');
    await tab.page.emulateMedia({ reducedMotion: 'reduce' });
    for (const scheme of ['light', 'dark'] as const) {
      await tab.page.emulateMedia({ colorScheme: scheme });
      expect(await tab.audit(), `question, ${scheme}`).toEqual([]);
    }
    await tab.page.keyboard.press('Escape');
    await expect.poll(() => question.count()).toBe(0);
    expect(await tab.page.evaluate('document.activeElement.textContent')).toBe('Delete');
    expect(await tab.audit(), 'table').toEqual([]);
    await tab.page.setViewportSize({ width: 360, height: 780 });
    expect(await tab.page.evaluate(tooWide)).toBeLessThanOrEqual(0);
    expect(await rows.count()).toBe(1);
    await click('Delete');
    await click('Delete for good');
    await expect.poll(said).toBe('1 notification deleted.');
    await expect.poll(given).toBe('0');
    expect(await rows.count()).toBe(0);
    expect(tab.problems.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
  });
});
