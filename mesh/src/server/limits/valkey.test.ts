import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Valkey } from 'iovalkey';
import { afterEach, expect, test, vi } from 'vitest';
import { recordingLogger } from '../../testing/index.ts';
import { createValkeyStore, openSharedWindows, SharedWindows } from './shared-windows.ts';

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

async function startServer(port: number, ...more: string[]): Promise<ChildProcess> {
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    ...more,
  ];
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

test.skipIf(!server)(
  'a password that changes in its file is used while calls are counted, none of them by this process alone',
  async () => {
    const port = await freePort();
    await startServer(port, '--requirepass', 'first');
    const urlWith = (password: string) => new URL(`valkey://:${password}@127.0.0.1:${port}`);
    const admin = new Valkey(urlWith('first').href.replace('valkey', 'redis'));
    admin.on('error', () => {});
    cleanups.push(() => admin.disconnect());
    const folder = mkdtempSync(join(tmpdir(), 'arcadium-valkey-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const storeFile = join(folder, 'RATE_LIMIT_STORE');
    const replace = (text: string) => {
      writeFileSync(`${storeFile}.new`, `${text}\n`);
      renameSync(`${storeFile}.new`, storeFile);
    };
    replace(urlWith('first').href);
    const log = recordingLogger();
    const windows = await openSharedWindows(urlWith('first'), { storeFile, log });
    cleanups.push(() => windows.close());
    const most = { calls: 1_000_000, perMs: 600_000 };
    const counted = async () =>
      Number(await admin.get((await admin.keys('calls:*load*')).at(0) ?? 'none')) || 0;
    let taken = 0;
    const take = async () => {
      await windows.take('load', most);
      taken += 1;
    };
    // It connects meanwhile.
    await vi.waitFor(
      async () => {
        await take();
        expect(await counted()).toBeGreaterThan(0);
      },
      { timeout: 15_000, interval: 200 },
    );
    log.lines.length = 0;
    const before = { counted: await counted(), taken };
    const ending = new AbortController();
    const load = (async () => {
      while (!ending.signal.aborted) await take();
    })();
    const logged = (part: string) =>
      vi.waitFor(
        () => expect(log.lines.map(({ message }) => message)).toContainEqual(expect.stringContaining(part)),
        {
          timeout: 15_000,
        },
      );
    // Written before the server knows it: the one in force stays.
    replace(urlWith('second').href);
    await logged('cannot be used');
    await admin.call('ACL', 'SETUSER', 'default', '>second');
    await logged('its new value is in force');
    await admin.call('ACL', 'SETUSER', 'default', '<first');
    const since = taken;
    await vi.waitFor(() => expect(taken).toBeGreaterThan(since + 100));
    ending.abort();
    await load;
    expect((await counted()) - before.counted).toBe(taken - before.taken);
    expect(log.lines.map(({ message }) => message)).not.toContainEqual(
      expect.stringContaining('does not answer'),
    );
    expect(JSON.stringify(log.lines)).not.toMatch(/:(first|second)@/);
    // No other change was seen meanwhile.
    expect(log.lines).toHaveLength(2);
  },
  60_000,
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
