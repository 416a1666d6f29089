import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { recordingLogger } from '../../testing/index.ts';
import { createValkeyStore, SharedWindows } from './shared-windows.ts';

const server = ['valkey-server', 'redis-server'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);
const limit = { calls: 10, perMs: 60_000 };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function startServer(port: number): Promise<ChildProcess> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(server ?? '', options, { cwd: '/tmp', stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(() => child.kill('SIGKILL'));
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('Ready to accept')) break;
  child.stdout?.resume();
  return child;
}

async function replica(port: number) {
  const log = recordingLogger();
  const windows = new SharedWindows(await createValkeyStore(new URL(`valkey://127.0.0.1:${port}`)), log);
  cleanups.push(() => windows.close());
  const taken = async (key: string, count: number) => {
    const waits = await Promise.all(Array.from({ length: count }, () => windows.take(key, limit)));
    return waits.filter((wait) => wait === undefined).length;
  };
  return { windows, log, taken };
}

test.skipIf(!server)(
  'replicas count together in a real Valkey or Redis (skipped where neither is installed)',
  async () => {
    const port = await freePort();
    await startServer(port);
    const [one, other] = [await replica(port), await replica(port)];
    // It connects meanwhile; until then each counts its own.
    await vi.waitFor(
      async () => {
        await Promise.all([one.windows.take('probe', limit), other.windows.take('probe', limit)]);
        expect([one.windows.away, other.windows.away]).toEqual([false, false]);
      },
      { timeout: 15_000, interval: 200 },
    );
    const [mine, theirs] = await Promise.all([one.taken('key', 8), other.taken('key', 8)]);
    expect(mine + theirs).toBe(10);
    expect(await one.windows.take('key', limit)).toBeGreaterThan(30_000);
    expect(await one.windows.take('another', limit)).toBeUndefined();
  },
  30_000,
);

test('a store that is not there refuses nobody for that, says so once, and holds no call up', async () => {
  const { taken, log } = await replica(await freePort());
  const since = performance.now();
  expect(await taken('key', 8)).toBe(8);
  expect(await taken('key', 8)).toBe(2);
  expect(performance.now() - since).toBeLessThan(1000);
  expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('does not answer') }]);
});

test('a store that takes connections and never answers costs one short wait, not one for each call', async () => {
  const mute = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  cleanups.push(() => mute.close());
  const { windows, taken } = await replica((mute.address() as AddressInfo).port);
  const since = performance.now();
  for (let n = 0; n < 50; n++) await windows.take('key', { calls: 100, perMs: 60_000 });
  expect(performance.now() - since).toBeLessThan(1000);
  expect(await taken('other', 3)).toBe(3);
});
