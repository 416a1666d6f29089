import { expect, test } from 'vitest';
import { serveSimulatedMesh } from '../../services/dashboard/src/testing/simulated-mesh.ts';
import { startChromium } from '../src/dashboard-page/chromium.ts';
import { openTab } from '../src/dashboard-page/open-page.ts';

/** Time that frames are counted, in seconds: five updates of the map. */
const seconds = 10;

/** Counts frames, and keeps the time between each two, in milliseconds. */
const countFrames = `new Promise((resolve) => {
  const gaps = [];
  let last = performance.now();
  const end = last + ${seconds * 1000};
  const step = (now) => {
    gaps.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(step);
    else resolve(gaps);
  };
  requestAnimationFrame(step);
})`;

test('the map of 100 services and 300 edges has 60 frames a second while it updates', async () => {
  const mesh = await serveSimulatedMesh({ services: 100, edges: 300 });
  const browser = await startChromium();
  try {
    const tab = await openTab(browser, mesh.url);
    await tab.open('/map');
    await expect.poll(() => tab.page.locator('[data-edge]').count()).toBe(303);
    mesh.kill('notification');
    const words = tab.page.locator('[data-edge="wiki notification"]');
    const before = await words.textContent();
    const thread = await tab.page.context().newCDPSession(tab.page);
    await thread.send('Performance.enable', { timeDomain: 'threadTicks' });
    const gaps = await tab.page.evaluate<number[]>(countFrames);
    const { metrics } = await thread.send('Performance.getMetrics');
    const busy = (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN) / seconds;
    expect(await words.textContent()).not.toBe(before);
    const sorted = gaps.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(1);
    const rate = gaps.length / seconds;
    console.log(
      `${rate.toFixed(1)} frames a second; between two: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, longest ${at(0.9999)} ms; main thread ${Math.round(busy * 100)} % of a core`,
    );
    expect(busy).toBeLessThan(0.4);
    expect(rate).toBeGreaterThan(57);
  } finally {
    await browser.close();
    await mesh.stop();
  }
});
