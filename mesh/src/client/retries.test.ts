import { describe, expect, test } from 'vitest';
import { exposition } from '../telemetry/index.ts';
import {
  BankSuite,
  busy,
  connecting,
  lost,
  outcome,
  refuses,
  silent,
  unreachable,
  works,
} from '../testing/bank.ts';
import { InDoubtError } from './index.ts';

// What a client does about failures, on a clock of the test’s own.

const suite = new BankSuite();

describe('retries', () => {
  test('come after 1 s, 2 s and 4 s exactly, with jitter off', async () => {
    const { bank: made, received } = suite.open({ 1001: lost });
    const at: number[] = [];
    const startedAt = performance.now();
    const ended = outcome(made.balance.query());
    for (let n = 0; n < 80; n++) {
      while (at.length < received.length) at.push(performance.now() - startedAt);
      await suite.clock.advance(100);
    }
    expect(at).toEqual([0, 1000, 3000, 7000]);
    expect(await ended).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
  });

  test('a server that says when is obeyed', async () => {
    const {
      bank: made,
      received,
      behaviours,
    } = suite.open({
      1001: refuses({ code: 'SERVICE_UNAVAILABLE', retryAfterMs: 9000 }),
    });
    const ended = outcome(made.balance.query());
    await suite.clock.advance(8999);
    expect(received).toHaveLength(1);
    behaviours['1001'] = works;
    await suite.clock.advance(2);
    expect(await ended).toEqual({ value: { at: '1001' } });
  });

  test('a server that says never is obeyed', async () => {
    const { bank: made, received } = suite.open({
      1001: refuses({ code: 'SERVICE_UNAVAILABLE', retry: 'never' }),
    });
    const error = await suite.failing(made.balance.query(), 0);
    expect(error.data).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retry: 'never' });
    expect(received).toHaveLength(1);
  });

  test('none is begun that cannot end before the deadline of the whole call', async () => {
    const { bank: made, received, log } = suite.open({ 1001: lost }, { deadlineMs: 3500 });
    const startedAt = performance.now();
    const error = await suite.failing(made.balance.query(), 10_000);
    expect(error.data.code).toBe('SERVICE_UNAVAILABLE');
    expect(received).toHaveLength(3);
    expect(log.lines.at(-1)?.fields).toMatchObject({ context: { no_retry_because: 'deadline' } });
    expect(performance.now() - startedAt).toBe(10_000);
  });

  test('what a server asks for is no reason to wait beyond the deadline', async () => {
    const { bank: made, received } = suite.open(
      { 1001: refuses({ code: 'SERVICE_UNAVAILABLE', retryAfterMs: 20_000 }) },
      { deadlineMs: 10_000 },
    );
    expect((await suite.failing(made.balance.query(), 0)).data.code).toBe('SERVICE_UNAVAILABLE');
    expect(received).toHaveLength(1);
  });

  test('of a call that an open breaker did not send cost no budget', async () => {
    const retryBudget = { ratio: 0, minPerSecond: 0 };
    const { bank: made, received, behaviours } = suite.open({ 1001: lost }, { retryBudget });
    for (let n = 0; n < 5; n++) await suite.failing(made.balance.query(), 0);
    const held = Array.from({ length: 50 }, () => outcome(made.balance.query()));
    await suite.clock.advance(0);
    expect(received).toHaveLength(5);
    behaviours['1001'] = works;
    await suite.clock.advance(10_000);
    expect(await Promise.all(held)).toEqual(held.map(() => ({ value: { at: '1001' } })));
    expect(received).toHaveLength(55);
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
      const { bank: made, received } = suite.open({ 1001: behaviour });
      await suite.failing(made.pay.mutate(), 30_000);
      expect(received).toHaveLength(attempts);
    }
  });
});

describe('a deadline', () => {
  test('is of the whole call, back-offs counted in: 10 s for a person', async () => {
    const { bank: made, received } = suite.open({ 1001: silent }, { deadlineMs: 10_000 });
    const seen = outcome(made.balance.query());
    await suite.clock.advance(9999);
    expect(received).toHaveLength(2);
    await suite.clock.advance(10);
    expect(await seen).toMatchObject({ data: { code: 'TIMEOUT' } });
    expect(received.map(({ timeoutMs }) => timeoutMs)).toEqual([5000, 4000]);
  });

  test('a call may have one of its own', async () => {
    const { bank: made } = suite.open({ 1001: silent });
    const seen = outcome(made.balance.query(undefined, { context: { deadlineMs: 700 } }));
    await suite.clock.advance(710);
    expect(await seen).toMatchObject({ data: { code: 'TIMEOUT' } });
  });
});

/** Mutations in doubt that this process has counted. */
async function doubts(): Promise<number> {
  const { text } = await exposition();
  const counts = text.matchAll(/^mesh_client_decisions_total\{.*decision="in-doubt".*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe('a mutation that may have run', () => {
  test.each([
    ['no answer in time', silent, 'TIMEOUT'],
    ['the connection was lost', lost, 'SERVICE_UNAVAILABLE'],
    ['the server failed', refuses({ code: 'INTERNAL_SERVER_ERROR' }), 'INTERNAL_SERVER_ERROR'],
  ])('is in doubt: %s', async (_name, behaviour, code) => {
    const { bank: made } = suite.open({ 1001: behaviour });
    const before = await doubts();
    const error = await suite.failing(made.pay.mutate(), 10_000);
    expect(error).toBeInstanceOf(InDoubtError);
    expect(error.data).toMatchObject({ code, inDoubt: true });
    expect(await doubts()).toBe(before + 1);
  });

  test.each([
    ['it never left', unreachable],
    ['no connection in time', connecting],
    ['refused', busy],
    ['an error of its contract', refuses({ code: 'CONFLICT', error: { name: 'EMPTY', data: {} } })],
    ['a mistake of the caller', refuses({ code: 'BAD_REQUEST' })],
  ])('is not in doubt: %s', async (_name, behaviour) => {
    const { bank: made } = suite.open({ 1001: behaviour });
    const before = await doubts();
    const error = await suite.failing(made.pay.mutate(), 60_000);
    expect(error).not.toBeInstanceOf(InDoubtError);
    expect(error.data).not.toHaveProperty('inDoubt');
    expect(await doubts()).toBe(before);
  });

  test('stays in doubt when what follows does not even arrive', async () => {
    const { bank: made, behaviours } = suite.open({ 1001: lost });
    const seen = outcome(made.book.mutate());
    await suite.clock.advance(10);
    behaviours['1001'] = unreachable;
    await suite.clock.advance(10_000);
    expect(await seen).toBeInstanceOf(InDoubtError);
  });

  test('stays in doubt when what follows is refused for another reason', async () => {
    const { bank: made, behaviours } = suite.open({ 1001: lost });
    const seen = outcome(made.book.mutate());
    await suite.clock.advance(10);
    behaviours['1001'] = refuses({ code: 'UNAUTHORIZED' });
    await suite.clock.advance(10_000);
    expect(await seen).toMatchObject({ data: { code: 'UNAUTHORIZED', inDoubt: true } });
  });

  test('is in doubt no more when an error of its contract answers for its key', async () => {
    const { bank: made, behaviours } = suite.open({ 1001: lost });
    const seen = outcome(made.book.mutate());
    await suite.clock.advance(10);
    behaviours['1001'] = refuses({ code: 'CONFLICT', error: { name: 'EMPTY', data: {} } });
    await suite.clock.advance(10_000);
    expect(await seen).not.toBeInstanceOf(InDoubtError);
  });

  test('a query is never in doubt', async () => {
    const { bank: made } = suite.open({ 1001: silent });
    expect(await suite.failing(made.balance.query(), 60_000)).not.toBeInstanceOf(InDoubtError);
  });

  test('one that its caller called off after it was sent is in doubt', async () => {
    const { bank: made } = suite.open({ 1001: silent });
    const stop = new AbortController();
    const seen = outcome(made.pay.mutate(undefined, { signal: stop.signal }));
    await suite.clock.advance(10);
    stop.abort();
    expect(await seen).toMatchObject({ data: { code: 'CLIENT_CLOSED_REQUEST', inDoubt: true } });
  });
});

describe('an idempotency key', () => {
  test('is the same for all attempts of a call, and another for the next', async () => {
    const { bank: made, received } = suite.open({ 1001: lost });
    const error = await suite.failing(made.book.mutate(), 10_000);
    await suite.failing(made.book.mutate(undefined, { context: { deadlineMs: 100 } }), 0);
    const keys = received.map(({ attempt }) => attempt.headers['idempotency-key']);
    expect(keys.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => keys[0]));
    expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
    expect(error).toMatchObject({ idempotencyKey: keys[0] });
    expect(keys[4]).not.toBe(keys[0]);
  });

  test('may be the caller’s; procedures without one do not send it', async () => {
    const { bank: made, received } = suite.open({ 1001: works });
    await made.book.mutate(undefined, { context: { idempotencyKey: 'order-7' } });
    await made.pay.mutate();
    expect(received.map(({ attempt }) => attempt.headers['idempotency-key'])).toEqual(['order-7', undefined]);
  });
});
