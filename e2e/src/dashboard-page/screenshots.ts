import { mkdirSync } from 'node:fs';
import { serveSimulatedMesh } from '../../../services/dashboard/src/testing/simulated-mesh.ts';
import { buildPage } from './build-page.ts';
import { startChromium } from './chromium.ts';
import { openTab } from './open-page.ts';

// node e2e/src/dashboard-page/screenshots.ts: the pictures of docs/images/, of the page on a simulated mesh; with names,
// such as `killed killed-map`, only those.

const folder = `${import.meta.dirname}/../../../docs/images`;
const widths = { desktop: { width: 1280, height: 860 }, phone: { width: 360, height: 780 } };
const schemes = ['light', 'dark'] as const;

const wanted = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
await buildPage();
const mesh = await serveSimulatedMesh();
const browser = await startChromium();

/** Pictures of a view at each width, in each colour scheme. @param link A link to follow first. */
async function take(name: string, path: string, link?: string): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  for (const [width, viewport] of Object.entries(widths))
    for (const colorScheme of schemes) {
      const tab = await openTab(browser, mesh.url, { viewport, colorScheme });
      await tab.open(path);
      if (link !== undefined) await tab.page.locator(link).first().click();
      // Until the views of the parts are there, and the first dots.
      await tab.page.waitForTimeout(1500);
      await tab.page.screenshot({ path: `${folder}/dashboard-${name}-${width}-${colorScheme}.png` });
      await tab.page.close();
      if (tab.problems.length > 0) console.log(name, tab.problems);
    }
}

try {
  await take('healthy', '/');
  await take('trace', '/traces?name=outbox', 'main li a');
  await take('explorer', '/explorer/dashboard/map.get', 'main form button[type=submit]');
  mesh.kill('notification', Date.now() - 70_000);
  await take('killed', '/');
  await take('killed-map', '/map?edge=wiki~notification');
  await take('killed-service', '/services/notification');
  await take('failed-trace', '/traces?failed=1', 'main li a');
} finally {
  await browser.close();
  await mesh.stop();
}
