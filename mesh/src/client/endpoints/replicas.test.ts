import { expect, test, vi } from 'vitest';
import type { RunningService } from '../../server/index.ts';
import { targetStates } from '../../telemetry/index.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';

// Replicas behind one name, as Compose and Kubernetes have them: one address each, the same port.

const suite = new ShopSuite();

/** A replica at an address of its own of this machine. */
const startAt = (host: string, port: number): Promise<RunningService> => suite.start({ host, port });

/** Those of this test's client; suites that ran in this process before may have left some of their own. */
const endpointsAt = (url: string) =>
  targetStates().find(({ endpoints }) => endpoints[0]?.url === url)?.endpoints ?? [];

test('a replica that is added or removed shows within 5 s, and no call fails', async () => {
  const first = await startAt('127.0.0.2', 0);
  const second = await startAt('127.0.0.3', first.port);
  let addresses = ['127.0.0.2', '127.0.0.3'];
  const url = `http://shop.test:${first.port}`;
  const endpoints = () => endpointsAt(url);
  const client = suite.client({
    url,
    lookup: async () => addresses.map((address) => ({ address, family: 4 })),
  });
  let failed = 0;
  let answered = 0;
  const stopping = new AbortController();
  // Also where it fails: calls of a client that is closed fail at once, for ever.
  suite.cleanups.push(() => stopping.abort());
  const callers = Array.from({ length: 5 }, async () => {
    while (!stopping.signal.aborted) {
      await client.stock.brief.mutate().then(
        () => (answered += 1),
        () => (failed += 1),
      );
    }
  });
  await vi.waitFor(() => expect(answered).toBeGreaterThan(20), { timeout: 5000 });
  expect(endpoints().map(({ ip }) => ip)).toEqual(['127.0.0.2', '127.0.0.3']);

  const third = await startAt('127.0.0.4', first.port);
  addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
  await vi.waitFor(
    () => expect(endpoints().find(({ ip }) => ip === third.url.slice(7, 16))?.latency_ms).toBeGreaterThan(0),
    { timeout: 5000 },
  );

  // It drains before its name goes, and after it.
  addresses = ['127.0.0.2', '127.0.0.4'];
  await second.stop();
  await vi.waitFor(() => expect(endpoints().map(({ ip }) => ip)).toEqual(['127.0.0.2', '127.0.0.4']), {
    timeout: 5000,
  });
  await first.stop();
  const before = answered;
  await vi.waitFor(() => expect(answered).toBeGreaterThan(before + 20), { timeout: 5000 });
  stopping.abort();
  await Promise.all(callers);
  expect(failed).toBe(0);
});
