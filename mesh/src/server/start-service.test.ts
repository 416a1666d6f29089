import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { connect, type MeshClient } from '../client/index.ts';
import { anyone, contract, mutation } from '../contract/index.ts';
import { createTestIdentity, silentLogger as log, type TestIdentity } from '../testing/index.ts';
import { startService, type Startable, type StartOptions } from './index.ts';

const mill = contract('mill', {
  grind: mutation({ summary: 'Takes a while', output: z.object({}), access: anyone }),
});

let identity: TestIdentity;
/** What happened, in order. */
let steps: string[];
let ending: AbortController;
const clients: AsyncDisposable[] = [];
beforeEach(async () => {
  identity = await createTestIdentity();
  steps = [];
  ending = new AbortController();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client[Symbol.asyncDispose]()));
});

/** Records its start and its stop, which take a turn of the event loop each. */
function job(name: string, failing: { start?: Error; stop?: Error } = {}): Startable {
  const record = (step: 'start' | 'stop') => async () => {
    await delay(1);
    steps.push(`${step} ${name}`);
    if (failing[step]) throw failing[step];
  };
  return { start: record('start'), stop: record('stop') };
}

/** A database and a client of it, opened in this order. */
function openResources(): AsyncDisposableStack {
  const resources = new AsyncDisposableStack();
  for (const name of ['database', 'client'])
    resources.defer(async () => {
      await delay(1);
      steps.push(`close ${name}`);
    });
  return resources;
}

/** How long a call of `grind` takes, in milliseconds. */
const grindMs = 100;

function start(options: Partial<StartOptions> = {}) {
  const handlers = {
    grind: async () => {
      steps.push('begin call');
      await delay(grindMs);
      steps.push('end call');
      return {};
    },
  };
  return startService(mill, handlers, {
    version: '1',
    port: 0,
    log,
    authenticate: identity.authenticate,
    pingDatabase: async () => {},
    ending: ending.signal,
    prepare: async () => void steps.push('prepare'),
    jobs: [job('relay'), job('retention')],
    resources: openResources(),
    ...options,
  });
}

function callerOf(url: string): MeshClient<typeof mill, 'anyone'> {
  const client = connect(mill, { as: 'anyone', url, log });
  clients.push(client);
  return client;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('prepares, starts the jobs in order, takes calls, and stops the other way round', async () => {
  const app = await start();
  expect(steps.splice(0)).toEqual(['prepare', 'start relay', 'start retention']);
  const call = callerOf(app.url).grind.mutate();
  await vi.waitFor(() => expect(steps).toEqual(['begin call']));
  await Promise.all([app.stop(), app.stop()]);
  await call;
  const [begin, end, ...rest] = steps;
  expect([begin, end]).toEqual(['begin call', 'end call']);
  expect(rest.slice(0, 2).toSorted()).toEqual(['stop relay', 'stop retention']);
  expect(rest.slice(2)).toEqual(['close client', 'close database']);
});

test('answers health checks, and no calls, while it prepares', async () => {
  const port = await freePort();
  const prepared = Promise.withResolvers<void>();
  const starting = start({ port, prepare: () => prepared.promise });
  const statuses = async () =>
    Promise.all(
      ['/livez', '/readyz', '/trpc/grind'].map(async (path) => {
        const method = path === '/trpc/grind' ? 'POST' : 'GET';
        return (await fetch(`http://127.0.0.1:${port}${path}`, { method })).status;
      }),
    );
  await vi.waitFor(async () => expect(await statuses()).toEqual([200, 503, 503]));
  expect(steps).toEqual([]);
  prepared.resolve();
  const app = await starting;
  expect(await statuses()).toEqual([200, 200, 200]);
  await app.stop();
});

/** Where a start may fail, and what has happened then. */
const failures: readonly [where: string, change: () => Partial<StartOptions>, then: readonly string[]][] = [
  [
    'preparing',
    () => ({ prepare: () => Promise.reject(new Error('no luck')) }),
    ['close client', 'close database'],
  ],
  [
    'its second job',
    () => ({
      jobs: [job('relay'), job('retention', { start: new Error('no luck') }), job('never')],
    }),
    [
      'prepare',
      'start relay',
      'start retention',
      'stop relay',
      'stop retention',
      'close client',
      'close database',
    ],
  ],
];

test.each(failures)('a start that fails at %s leaves nothing behind', async (_where, change, then) => {
  const timers = watchTimers();
  const port = await freePort();
  await expect(start({ port, ...change() })).rejects.toThrow('no luck');
  expect(steps).toEqual(then);
  expect(timers.left()).toBe(0);
  await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow('fetch failed');
});

test('a port that is taken leaves nothing behind', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const timers = watchTimers();
  const { port } = taken.address() as AddressInfo;
  await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(steps).toEqual(['close client', 'close database']);
  expect(timers.left()).toBe(0);
  taken.close();
});

test('handlers that do not fit the contract leave nothing behind', async () => {
  const timers = watchTimers();
  await expect(start({ rooms: { 'mill.unknown': () => undefined } })).rejects.toThrow('mill.unknown');
  expect(steps).toEqual(['close client', 'close database']);
  expect(timers.left()).toBe(0);
});

test.each([
  ['no job is started', [job('relay')]],
  ['it does not get ready', []],
] as const)('an end while it prepares is waited for, and %s', async (_what, jobs) => {
  const reason = new Error('SIGTERM');
  const migrated = Promise.withResolvers<void>();
  let given: AbortSignal | undefined;
  // It ignores the signal: a migration that has begun is not cut off.
  const prepare = (signal: AbortSignal) => ((given = signal), migrated.promise);
  const starting = start({ prepare, jobs });
  await vi.waitFor(() => expect(given).toBeDefined());
  ending.abort(reason);
  expect(given?.reason).toBe(reason);
  await delay(20);
  expect(steps).toEqual([]);
  migrated.resolve();
  await expect(starting).rejects.toBe(reason);
  expect(steps).toEqual(['close client', 'close database']);
});

test('an end between two jobs stops the first and starts no further one', async () => {
  const first: Startable = { ...job('relay'), start: () => ending.abort(new Error('SIGTERM')) };
  await expect(start({ jobs: [first, job('retention')] })).rejects.toThrow('SIGTERM');
  expect(steps).toEqual(['prepare', 'stop relay', 'close client', 'close database']);
});

test('a job that fails to stop does not keep the rest from stopping', async () => {
  const jobs = [job('relay', { stop: new Error('stuck') }), job('retention')];
  const app = await start({ jobs });
  steps = [];
  await expect(app.stop()).rejects.toThrow('Jobs failed to stop: stuck');
  expect(steps.toSorted()).toEqual(['close client', 'close database', 'stop relay', 'stop retention']);
  await expect(fetch(`${app.url}/livez`)).rejects.toThrow('fetch failed');
});

test('a process whose start fails, and then fails to close, prints both errors, the cause first', async () => {
  const program = `
    import { run, startService } from '@arcadium/mesh/server';
    import { contract } from '@arcadium/mesh/contract';
    import { silentLogger as log } from '@arcadium/mesh/testing';
    run((ending) => startService(contract('empty', {}), {}, {
      version: '1', port: 0, log, ending,
      authenticate: async () => ({}),
      pingDatabase: async () => {},
      prepare: async () => { throw new Error('no migrations'); },
      resources: { async [Symbol.asyncDispose]() { throw new Error('not closed'); } },
    }));`;
  const ended = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no migrations[^]*not closed/),
  });
});

test('without jobs, resources and anything to prepare, it takes calls', async () => {
  const { url, stop } = await startService(
    mill,
    { grind: async () => ({}) },
    {
      version: '1',
      port: 0,
      log,
      authenticate: identity.authenticate,
      pingDatabase: async () => {},
      ending: ending.signal,
    },
  );
  expect(await callerOf(url).grind.mutate()).toEqual({});
  await stop();
});

/** Counts intervals from now on. */
function watchTimers(): { left(): number } {
  const open = new Set<unknown>();
  const [set, clear] = [globalThis.setInterval, globalThis.clearInterval];
  vi.spyOn(globalThis, 'setInterval').mockImplementation((...given: Parameters<typeof set>) => {
    const timer = set(...given);
    open.add(timer);
    return timer;
  });
  vi.spyOn(globalThis, 'clearInterval').mockImplementation((timer) => {
    open.delete(timer);
    clear(timer);
  });
  return {
    left() {
      vi.restoreAllMocks();
      return open.size;
    },
  };
}
