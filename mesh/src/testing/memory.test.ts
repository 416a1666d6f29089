import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InDoubtError, withFallback } from '../client/index.ts';
import { anyone, contract, error, mutation, query } from '../contract/index.ts';
import { MeshError } from '../wire/index.ts';
import { outcome } from './bank.ts';
import { createMemoryNetwork, recordingLogger, useFakeClock, type FakeClock } from './index.ts';

// The whole stack, both ends, on a clock that stands still.

const kitchen = contract('kitchen', {
  cook: mutation({ summary: 'Takes long', output: z.object({ dish: z.string() }), access: anyone }),
  menu: query({
    summary: 'What there is',
    output: z.object({ dishes: z.array(z.string()) }),
    access: anyone,
    errors: { CLOSED: error('NOT_FOUND', 'There is nothing today', z.object({})) },
  }),
});
const waiter = contract('waiter', {
  order: mutation({ summary: 'Asks the kitchen', output: z.object({ dish: z.string() }), access: anyone }),
  bill: mutation({ summary: 'Leaves work behind', output: z.object({}), access: anyone }),
});

let clock: FakeClock;
let stack: AsyncDisposableStack;
beforeEach(() => {
  clock = useFakeClock();
  stack = new AsyncDisposableStack();
});
afterEach(async () => {
  const disposed = stack.disposeAsync();
  await clock.advance(60_000);
  await disposed;
  await clock[Symbol.asyncDispose]();
});

/** A kitchen whose handlers the test writes. */
function openKitchen(handlers: {
  cook?: (signal: AbortSignal) => Promise<{ dish: string }>;
  menu?: (errors: { CLOSED: (data: Record<string, never>) => MeshError }) => Promise<{ dishes: string[] }>;
}) {
  const network = createMemoryNetwork();
  const service = stack.use(
    network.serve(kitchen, {
      cook: async ({ signal }) => handlers.cook?.(signal) ?? { dish: 'soup' },
      menu: async ({ errors }) => handlers.menu?.(errors) ?? { dishes: ['soup'] },
    }),
  );
  const connectTo = (options: { as?: string; deadlineMs?: number; timeoutMs?: number } = {}) =>
    stack.use(
      network.connect(kitchen, {
        as: 'waiter',
        url: service.url,
        retryPolicy: { attempts: 3, baseMs: 1000, jitter: 0 },
        ...options,
      }),
    );
  return { network, service, connectTo };
}

describe('a call in memory', () => {
  test('is answered, without a moment going by', async () => {
    const { connectTo } = openKitchen({});
    const startedAt = performance.now();
    expect(await connectTo().menu.query()).toEqual({ dishes: ['soup'] });
    expect(performance.now()).toBe(startedAt);
  });

  test('takes as long as the line does, both ways', async () => {
    const { connectTo, service } = openKitchen({});
    const client = connectTo();
    await client.menu.query();
    service.delayMs = 40;
    const answered = outcome(client.menu.query());
    await clock.advance(79);
    let done = false;
    void answered.then(() => (done = true));
    await clock.advance(0);
    expect(done).toBe(false);
    await clock.advance(1);
    expect(await answered).toEqual({ value: { dishes: ['soup'] } });
  });

  test('whose connection is cut is made again if that does no harm, and in doubt if it may', async () => {
    const { connectTo, service } = openKitchen({ cook: () => new Promise(() => {}) });
    const client = connectTo();
    await client.menu.query();
    service.delayMs = 10;
    const menu = outcome(client.menu.query());
    const cooked = outcome(client.cook.mutate());
    await clock.advance(1);
    service.cut();
    await clock.advance(2000);
    expect(await menu).toEqual({ value: { dishes: ['soup'] } });
    expect(await cooked).toBeInstanceOf(InDoubtError);
  });

  test('whose answer is lost is in doubt when its time is up', async () => {
    const { connectTo, service } = openKitchen({});
    const client = connectTo();
    await client.menu.query();
    service.loses = 'answers';
    const cooked = outcome(client.cook.mutate());
    await clock.advance(5010);
    expect(await cooked).toMatchObject({ data: { code: 'TIMEOUT', inDoubt: true } });
  });

  test('goes to nobody where nobody is', async () => {
    const { connectTo, service } = openKitchen({});
    service.reachable = false;
    const cooked = outcome(connectTo().cook.mutate());
    await clock.advance(10_000);
    const failed = await cooked;
    expect(failed).not.toBeInstanceOf(InDoubtError);
    expect(failed).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
  });

  test('is not lost when the service drains', async () => {
    const { connectTo, service } = openKitchen({
      cook: async () => {
        await new Promise((resolve) => setTimeout(resolve, 3000));
        return { dish: 'stew' };
      },
    });
    const client = connectTo();
    await client.menu.query();
    const cooked = client.cook.mutate();
    await clock.advance(100);
    const stopped = service.stop();
    await clock.advance(4000);
    expect(await cooked).toEqual({ dish: 'stew' });
    await stopped;
  });
});

describe('one hop further', () => {
  function openWaiter(cook: (signal: AbortSignal) => Promise<{ dish: string }>) {
    const { network, connectTo } = openKitchen({ cook });
    const toKitchen = connectTo();
    const service = stack.use(
      network.serve(waiter, {
        order: () => toKitchen.cook.mutate(),
        bill: async () => ({}),
      }),
    );
    return { connect: () => stack.use(network.connect(waiter, { as: 'anyone', url: service.url })) };
  }

  test('the deadline is the caller’s, less the time already spent', async () => {
    const signals: AbortSignal[] = [];
    const startedAt = performance.now();
    let ended = 0;
    const { connect } = openWaiter((signal) => {
      signals.push(signal);
      signal.addEventListener('abort', () => (ended = performance.now() - startedAt));
      return new Promise(() => {});
    });
    const ordered = outcome(connect().order.mutate(undefined, { context: { deadlineMs: 800 } }));
    await clock.advance(820);
    expect(await ordered).toMatchObject({ data: { code: 'TIMEOUT' } });
    expect(signals).toHaveLength(1);
    expect(ended).toBeGreaterThan(700);
    expect(ended).toBeLessThanOrEqual(820);
  });

  test('a caller that hangs up ends both handlers at once', async () => {
    let hungUpAt = 0;
    let endedAt = 0;
    const { connect } = openWaiter((signal) => {
      signal.addEventListener('abort', () => (endedAt = performance.now()));
      return new Promise(() => {});
    });
    const stop = new AbortController();
    const ordered = outcome(connect().order.mutate(undefined, { signal: stop.signal }));
    await clock.advance(500);
    hungUpAt = performance.now();
    stop.abort();
    await clock.advance(1);
    expect(await ordered).toMatchObject({ data: { code: 'CLIENT_CLOSED_REQUEST' } });
    expect(endedAt - hungUpAt).toBeLessThanOrEqual(1);
    expect(endedAt).not.toBe(0);
  });
});

describe('a target that fails everything', () => {
  /** What it is sent in 20 s of 300 calls a second, for each call. */
  async function trafficWith(retryBudget?: { ratio: number; minPerSecond: number }) {
    let received = 0;
    const network = createMemoryNetwork();
    const service = stack.use(
      network.serve(kitchen, {
        cook: async () => ({ dish: 'soup' }),
        menu: async () => {
          received += 1;
          throw new MeshError('SERVICE_UNAVAILABLE', 'no');
        },
      }),
    );
    const client = stack.use(
      network.connect(kitchen, {
        as: 'waiter',
        url: service.url,
        breaker: { consecutiveFailures: Infinity, successRate: 0 },
        ...(retryBudget && { retryBudget }),
      }),
    );
    const calls: Promise<unknown>[] = [];
    for (let n = 0; n < 6000; n++) {
      calls.push(outcome(client.menu.query()));
      if (n % 30 === 0) await clock.advance(100);
    }
    await clock.advance(20_000);
    await Promise.all(calls);
    return received / 6000;
  }

  test('gets at most 1.3 times the calls, and four times without a budget', async () => {
    expect(await trafficWith()).toBeLessThanOrEqual(1.3);
    expect(await trafficWith({ ratio: 10, minPerSecond: 10_000 })).toBeGreaterThan(3);
  });
});

describe('work in the background', () => {
  test('does not hold up the answer, outlives the call, and is waited for at drain', async () => {
    const log = recordingLogger();
    const network = createMemoryNetwork();
    const done: string[] = [];
    const service = stack.use(
      network.serve(
        waiter,
        {
          order: async () => ({ dish: 'soup' }),
          bill: async ({ inBackground }) => {
            inBackground(async () => {
              await new Promise((resolve) => setTimeout(resolve, 8000));
              done.push('receipt');
            });
            inBackground(async () => {
              throw new Error('the printer is out of paper');
            });
            return {};
          },
        },
        { log },
      ),
    );
    const client = stack.use(network.connect(waiter, { as: 'anyone', url: service.url }));
    const startedAt = performance.now();
    expect(await client.bill.mutate()).toEqual({});
    expect(performance.now()).toBe(startedAt);
    let stopped = false;
    const stopping = service.stop().then(() => (stopped = true));
    await clock.advance(7000);
    expect({ stopped, done }).toEqual({ stopped: false, done: [] });
    await clock.advance(2000);
    await stopping;
    expect(done).toEqual(['receipt']);
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'background work of a call failed; the call itself is not affected',
        fields: expect.objectContaining({ procedure: 'bill', reason: 'the printer is out of paper' }),
      }),
    );
  });
});

describe('a fallback', () => {
  test('stands in for a service that is gone', async () => {
    const { connectTo, service } = openKitchen({});
    service.reachable = false;
    const menu = withFallback(connectTo().menu.query(), { dishes: [] });
    await clock.advance(10_000);
    expect(await menu).toEqual({ dishes: [] });
  });

  test('does not stand in for an answer', async () => {
    const { connectTo } = openKitchen({
      menu: async (errors) => {
        throw errors.CLOSED({});
      },
    });
    expect(await outcome(withFallback(connectTo().menu.query(), { dishes: [] }))).toMatchObject({
      data: { error: { name: 'CLOSED' } },
    });
  });
});
