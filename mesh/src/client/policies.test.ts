import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { anyone, contract, error as typedError, mutation, query } from '../contract/index.ts';
import { recordingLogger, useFakeClock, type FakeClock } from '../testing/index.ts';
import type { ErrorData } from '../wire/index.ts';
import { InDoubtError, type CallError } from './call-error.ts';
import { connect, type ConnectOptions } from './connect.ts';
import { TransportError, type Answer, type Attempt, type Transport } from './transport.ts';

// What a client does about failures, endpoint by endpoint, on a clock of the test's own.

const bank = contract('bank', {
  balance: query({ summary: 'Reads', output: z.object({ at: z.string() }), access: anyone }),
  quote: query({
    summary: 'Reads, hedged',
    output: z.object({ at: z.string() }),
    access: anyone,
    hedge: true,
  }),
  pay: mutation({
    summary: 'Once',
    output: z.object({ at: z.string() }),
    access: anyone,
    errors: { EMPTY: typedError('CONFLICT', 'There is nothing left', z.object({})) },
  }),
  book: mutation({
    summary: 'By key',
    output: z.object({ at: z.string() }),
    access: anyone,
    idempotent: 'by-key',
  }),
});

/** What an endpoint of a test does with an attempt. */
type Behaviour = (attempt: Attempt, at: string) => Promise<Answer>;

const answered = (body: unknown, status = 200): Answer => ({ status, body, via: 'websocket' });
const works: Behaviour = async (attempt, at) => {
  attempt.sent = true;
  return answered({ result: { data: { at } } });
};
const after =
  (ms: number, then: Behaviour = works): Behaviour =>
  async (attempt, at) => {
    attempt.sent = true;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return then(attempt, at);
  };
const silent: Behaviour = (attempt) => {
  attempt.sent = true;
  return new Promise(() => {});
};
/** Never gets as far as to leave. */
const connecting: Behaviour = () => new Promise(() => {});
const unreachable: Behaviour = async () => {
  throw new TransportError('nobody there', { reached: false });
};
const lost: Behaviour = async (attempt) => {
  attempt.sent = true;
  throw new TransportError('the connection was closed', { reached: true });
};
const refuses =
  (data: Partial<ErrorData> & Pick<ErrorData, 'code'>): Behaviour =>
  async (attempt) => {
    attempt.sent = true;
    return answered({ error: { message: data.code, code: -32603, data } }, 503);
  };
const busy = refuses({ code: 'SERVICE_UNAVAILABLE', retry: 'safe' });

let clock: FakeClock;
const cleanups: (() => unknown)[] = [];
beforeEach(() => {
  clock = useFakeClock();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
  await clock[Symbol.asyncDispose]();
});

/** A bank with one endpoint for each behaviour; behaviours may be changed, and what came is kept. */
function open(behaviours: Record<string, Behaviour>, options: Partial<ConnectOptions<'anyone'>> = {}) {
  const log = recordingLogger();
  const received: { at: string; attempt: Attempt; timeoutMs: number }[] = [];
  const leaving = new Set<string>();
  const made = connect(bank, {
    as: 'anyone',
    url: Object.keys(behaviours).map((name) => `http://127.0.0.1:${name}`),
    log,
    retryPolicy: { attempts: 3, baseMs: 1000, jitter: 0 },
    deadlineMs: 60_000,
    transport: ({ url }): Transport => {
      const at = new URL(url).port;
      return {
        url,
        get leaving() {
          return leaving.has(at);
        },
        send(attempt) {
          received.push({ at, attempt, timeoutMs: Number(attempt.headers['x-timeout-ms']) });
          return (behaviours[at] ?? unreachable)(attempt, at);
        },
        close: async () => {},
      };
    },
    ...options,
  });
  cleanups.push(() => made[Symbol.asyncDispose]());
  const cameTo = () => received.map(({ at }) => at);
  return { bank: made, behaviours, received, cameTo, leaving, log };
}

/** What became of a call. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ value }),
    (thrown: unknown) => thrown,
  );
}

/** The same for one that fails, after so much time. */
async function failing(promise: Promise<unknown>, ms: number): Promise<CallError> {
  const seen = outcome(promise);
  await clock.advance(ms);
  return (await seen) as CallError;
}

describe('retries', () => {
  test('come after 1 s, 2 s and 4 s exactly, with jitter off', async () => {
    const { bank: made, received } = open({ 1001: lost });
    const at: number[] = [];
    const startedAt = performance.now();
    const ended = outcome(made.balance.query());
    for (let n = 0; n < 80; n++) {
      while (at.length < received.length) at.push(performance.now() - startedAt);
      await clock.advance(100);
    }
    expect(at).toEqual([0, 1000, 3000, 7000]);
    expect(await ended).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
  });

  test('a server that says when is obeyed', async () => {
    const {
      bank: made,
      received,
      behaviours,
    } = open({
      1001: refuses({ code: 'SERVICE_UNAVAILABLE', retryAfterMs: 9000 }),
    });
    const ended = outcome(made.balance.query());
    await clock.advance(8999);
    expect(received).toHaveLength(1);
    behaviours['1001'] = works;
    await clock.advance(2);
    expect(await ended).toEqual({ value: { at: '1001' } });
  });

  test('a server that says never is obeyed', async () => {
    const { bank: made, received } = open({ 1001: refuses({ code: 'SERVICE_UNAVAILABLE', retry: 'never' }) });
    const error = await failing(made.balance.query(), 0);
    expect(error.data).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retry: 'never' });
    expect(received).toHaveLength(1);
  });

  test('none is begun that cannot end before the deadline of the whole call', async () => {
    const { bank: made, received, log } = open({ 1001: lost }, { deadlineMs: 3500 });
    const startedAt = performance.now();
    const error = await failing(made.balance.query(), 10_000);
    expect(error.data.code).toBe('SERVICE_UNAVAILABLE');
    expect(received).toHaveLength(3);
    expect(log.lines.at(-1)?.fields).toMatchObject({ context: { no_retry_because: 'deadline' } });
    expect(performance.now() - startedAt).toBe(10_000);
  });

  test('what a server asks for is no reason to wait beyond the deadline', async () => {
    const { bank: made, received } = open(
      { 1001: refuses({ code: 'SERVICE_UNAVAILABLE', retryAfterMs: 20_000 }) },
      { deadlineMs: 10_000 },
    );
    expect((await failing(made.balance.query(), 0)).data.code).toBe('SERVICE_UNAVAILABLE');
    expect(received).toHaveLength(1);
  });

  test('a plain mutation is made again only if the server did nothing with it', async () => {
    for (const [behaviour, attempts] of [
      [lost, 1],
      [silent, 1],
      [refuses({ code: 'SERVICE_UNAVAILABLE' }), 1],
      [unreachable, 4],
      [connecting, 4],
      [busy, 4],
    ] as const) {
      const { bank: made, received } = open({ 1001: behaviour });
      await failing(made.pay.mutate(), 30_000);
      expect(received).toHaveLength(attempts);
    }
  });
});

describe('a deadline', () => {
  test('is of the whole call, back-offs counted in: 10 s for a person', async () => {
    const { bank: made, received } = open({ 1001: silent }, { deadlineMs: 10_000 });
    const seen = outcome(made.balance.query());
    await clock.advance(9999);
    expect(received).toHaveLength(2);
    await clock.advance(10);
    expect(await seen).toMatchObject({ data: { code: 'TIMEOUT' } });
    expect(received.map(({ timeoutMs }) => timeoutMs)).toEqual([5000, 4000]);
  });

  test('a call may have one of its own', async () => {
    const { bank: made } = open({ 1001: silent });
    const seen = outcome(made.balance.query(undefined, { context: { deadlineMs: 700 } }));
    await clock.advance(710);
    expect(await seen).toMatchObject({ data: { code: 'TIMEOUT' } });
  });
});

describe('a mutation that may have run', () => {
  test.each([
    ['no answer in time', silent, 'TIMEOUT'],
    ['the connection was lost', lost, 'SERVICE_UNAVAILABLE'],
    ['the server failed', refuses({ code: 'INTERNAL_SERVER_ERROR' }), 'INTERNAL_SERVER_ERROR'],
  ])('is in doubt: %s', async (_name, behaviour, code) => {
    const { bank: made } = open({ 1001: behaviour });
    const error = await failing(made.pay.mutate(), 10_000);
    expect(error).toBeInstanceOf(InDoubtError);
    expect(error.data).toMatchObject({ code, inDoubt: true });
  });

  test.each([
    ['it never left', unreachable],
    ['no connection in time', connecting],
    ['refused', busy],
    ['an error of its contract', refuses({ code: 'CONFLICT', error: { name: 'EMPTY', data: {} } })],
    ['a mistake of the caller', refuses({ code: 'BAD_REQUEST' })],
  ])('is not in doubt: %s', async (_name, behaviour) => {
    const { bank: made } = open({ 1001: behaviour });
    const error = await failing(made.pay.mutate(), 60_000);
    expect(error).not.toBeInstanceOf(InDoubtError);
    expect(error.data).not.toHaveProperty('inDoubt');
  });

  test('stays in doubt when what follows does not even arrive', async () => {
    const { bank: made, behaviours } = open({ 1001: lost });
    const seen = outcome(made.book.mutate());
    await clock.advance(10);
    behaviours['1001'] = unreachable;
    await clock.advance(10_000);
    expect(await seen).toBeInstanceOf(InDoubtError);
  });

  test('a query is never in doubt', async () => {
    const { bank: made } = open({ 1001: silent });
    expect(await failing(made.balance.query(), 60_000)).not.toBeInstanceOf(InDoubtError);
  });

  test('one that its caller called off after it was sent is in doubt', async () => {
    const { bank: made } = open({ 1001: silent });
    const stop = new AbortController();
    const seen = outcome(made.pay.mutate(undefined, { signal: stop.signal }));
    await clock.advance(10);
    stop.abort();
    expect(await seen).toMatchObject({ data: { code: 'CLIENT_CLOSED_REQUEST', inDoubt: true } });
  });
});

describe('an idempotency key', () => {
  test('is the same for all attempts of a call, and another for the next', async () => {
    const { bank: made, received } = open({ 1001: lost });
    const error = await failing(made.book.mutate(), 10_000);
    await failing(made.book.mutate(undefined, { context: { deadlineMs: 100 } }), 0);
    const keys = received.map(({ attempt }) => attempt.headers['idempotency-key']);
    expect(keys.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => keys[0]));
    expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
    expect(error).toMatchObject({ idempotencyKey: keys[0] });
    expect(keys[4]).not.toBe(keys[0]);
  });

  test('may be the caller’s; procedures without one do not send it', async () => {
    const { bank: made, received } = open({ 1001: works });
    await made.book.mutate(undefined, { context: { idempotencyKey: 'order-7' } });
    await made.pay.mutate();
    expect(received.map(({ attempt }) => attempt.headers['idempotency-key'])).toEqual(['order-7', undefined]);
  });
});

describe('several endpoints', () => {
  test('share the calls', async () => {
    const { bank: made, cameTo } = open({ 1001: after(5), 1002: after(5), 1003: after(5) });
    for (let n = 0; n < 300; n++) {
      const call = made.balance.query();
      await clock.advance(6);
      await call;
    }
    for (const port of ['1001', '1002', '1003'])
      expect(cameTo().filter((at) => at === port).length).toBeGreaterThan(50);
  });

  test('what one did nothing with goes to another at once, plain mutations too', async () => {
    for (const behaviour of [unreachable, busy]) {
      const { bank: made, cameTo } = open({ 1001: behaviour, 1002: works });
      for (let n = 0; n < 20; n++) expect(await made.pay.mutate()).toEqual({ at: '1002' });
      expect(cameTo()).toContain('1001');
    }
  });

  test('what one may have done goes to no other', async () => {
    const { bank: made, received } = open({ 1001: lost, 1002: lost });
    expect(await failing(made.pay.mutate(), 0)).toBeInstanceOf(InDoubtError);
    expect(received).toHaveLength(1);
  });

  test('one that keeps failing is left alone, the others are not', async () => {
    const { bank: made, cameTo, log } = open({ 1001: lost, 1002: works, 1003: works });
    const calls = Array.from({ length: 50 }, () => outcome(made.balance.query()));
    await clock.advance(100);
    const before = cameTo().filter((at) => at === '1001').length;
    expect(before).toBeGreaterThan(4);
    await Promise.all(Array.from({ length: 50 }, () => made.balance.query()));
    expect(cameTo().filter((at) => at === '1001').length).toBe(before);
    await clock.advance(10_000);
    expect((await Promise.all(calls)).every((result) => 'value' in (result as object))).toBe(true);
    expect(log.lines.filter(({ message }) => message.includes('keeps failing')).length).toBeGreaterThan(0);
  });

  test('when none looks healthy, all are tried', async () => {
    const { bank: made, behaviours } = open({ 1001: unreachable, 1002: unreachable });
    for (let n = 0; n < 20; n++)
      await failing(made.balance.query(undefined, { context: { deadlineMs: 100 } }), 0);
    behaviours['1002'] = works;
    expect(await made.balance.query()).toEqual({ at: '1002' });
  });

  test('one that is about to stop gets no new calls', async () => {
    const { bank: made, cameTo, leaving } = open({ 1001: works, 1002: works });
    leaving.add('1001');
    await Promise.all(Array.from({ length: 40 }, () => made.balance.query()));
    expect(new Set(cameTo())).toEqual(new Set(['1002']));
  });

  test('a slow one gets hardly any', async () => {
    const { bank: made, cameTo } = open({ 1001: after(200), 1002: after(10), 1003: after(10) });
    const calls: Promise<unknown>[] = [];
    for (let n = 0; n < 2000; n++) {
      calls.push(made.balance.query());
      await clock.advance(5);
    }
    await clock.advance(1000);
    await Promise.all(calls);
    expect(cameTo().filter((at) => at === '1001').length).toBeLessThan(20);
  });
});

describe('the only endpoint', () => {
  test('is left alone once it keeps failing, and asked again', async () => {
    const {
      bank: made,
      received,
      behaviours,
    } = open({ 1001: lost }, { retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } });
    for (let n = 0; n < 5; n++) await failing(made.pay.mutate(), 0);
    const error = await failing(made.pay.mutate(), 0);
    expect(error.message).toContain('keeps failing and is left alone');
    expect(received).toHaveLength(5);
    behaviours['1001'] = works;
    await clock.advance(1500);
    expect(await made.pay.mutate()).toEqual({ at: '1001' });
  });

  test('one that refuses because it has too much to do is not left alone', async () => {
    const { bank: made, received, behaviours } = open({ 1001: busy });
    for (let n = 0; n < 30; n++)
      await failing(made.pay.mutate(undefined, { context: { deadlineMs: 500 } }), 0);
    expect(received).toHaveLength(30);
    behaviours['1001'] = works;
    expect(await made.pay.mutate()).toEqual({ at: '1001' });
  });
});

describe('a hedged query', () => {
  const warm = async (made: ReturnType<typeof open>) => {
    for (let n = 0; n < 400; n++) {
      const call = made.bank.quote.query();
      await clock.advance(11);
      await call;
    }
  };

  test('is made a second time, elsewhere, when the first takes longer than 99 in 100 did', async () => {
    const made = open({ 1001: after(10), 1002: after(10) });
    await warm(made);
    const before = made.received.length;
    made.behaviours['1001'] = after(300);
    made.behaviours['1002'] = after(300);
    const call = made.bank.quote.query();
    await clock.advance(5);
    const [first] = made.cameTo().slice(before);
    const other = first === '1001' ? '1002' : '1001';
    made.behaviours[other] = after(10);
    await clock.advance(40);
    expect(await call).toEqual({ at: other });
    expect(made.received[before]?.attempt.cancelled).toBe(true);
  });

  test('adds no more than one call in a hundred', async () => {
    const made = open({ 1001: after(10), 1002: after(10) });
    await warm(made);
    made.received.length = 0;
    made.behaviours['1001'] = after(100);
    made.behaviours['1002'] = after(100);
    for (let n = 0; n < 1000; n++) {
      const call = made.bank.quote.query();
      await clock.advance(101);
      await call;
    }
    expect(made.received.length).toBeLessThanOrEqual(1014);
    expect(made.received.length).toBeGreaterThan(1000);
  });
});

describe('the bulkhead', () => {
  test('holds back what is too much, and refuses what is more', async () => {
    const { bank: made, received } = open(
      { 1001: after(100) },
      { bulkhead: { maxInFlight: 2, maxQueued: 1 } },
    );
    const calls = Array.from({ length: 4 }, () => outcome(made.balance.query()));
    await clock.advance(1);
    expect(received).toHaveLength(2);
    expect(await calls[3]).toMatchObject({ data: { code: 'TOO_MANY_REQUESTS', retry: 'never' } });
    await clock.advance(300);
    expect(received).toHaveLength(3);
    expect((await Promise.all(calls.slice(0, 3))).every((result) => 'value' in (result as object))).toBe(
      true,
    );
  });

  test('a call that gives up while it waits leaves its place to others', async () => {
    const { bank: made, received } = open(
      { 1001: after(1000) },
      { bulkhead: { maxInFlight: 1, maxQueued: 1 } },
    );
    const first = made.balance.query();
    const error = await failing(made.pay.mutate(undefined, { context: { deadlineMs: 100 } }), 150);
    expect(error).not.toBeInstanceOf(InDoubtError);
    expect(error.data.code).toBe('TIMEOUT');
    const third = made.balance.query();
    await clock.advance(3000);
    expect([await first, await third]).toEqual([{ at: '1001' }, { at: '1001' }]);
    expect(received).toHaveLength(2);
  });
});
