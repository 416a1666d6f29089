import { describe, expect, test } from 'vitest';
import {
  BankSuite,
  after,
  busy,
  lost,
  outcome,
  silent,
  starting,
  unreachable,
  works,
} from '../../testing/bank.ts';
import { InDoubtError } from '../index.ts';

// Where a client’s calls go, and how many, on a clock of the test’s own.

const suite = new BankSuite();

describe('several endpoints', () => {
  test('share the calls', async () => {
    const { bank: made, cameTo } = suite.open({ 1001: after(5), 1002: after(5), 1003: after(5) });
    for (let n = 0; n < 300; n++) {
      const call = made.balance.query();
      await suite.clock.advance(6);
      await call;
    }
    for (const port of ['1001', '1002', '1003'])
      expect(cameTo().filter((at) => at === port).length).toBeGreaterThan(50);
  });

  test('what one did nothing with goes to another at once, plain mutations too', async () => {
    for (const behaviour of [unreachable, starting, busy]) {
      const { bank: made, cameTo } = suite.open({ 1001: behaviour, 1002: works });
      for (let n = 0; n < 20; n++) expect(await made.pay.mutate()).toEqual({ at: '1002' });
      expect(cameTo()).toContain('1001');
    }
  });

  test('what one may have done goes to no other', async () => {
    const { bank: made, received } = suite.open({ 1001: lost, 1002: lost });
    expect(await suite.failing(made.pay.mutate(), 0)).toBeInstanceOf(InDoubtError);
    expect(received).toHaveLength(1);
  });

  test('one that keeps failing is left alone, the others are not', async () => {
    const { bank: made, cameTo, log } = suite.open({ 1001: lost, 1002: works, 1003: works });
    const calls = Array.from({ length: 50 }, () => outcome(made.balance.query()));
    await suite.clock.advance(100);
    const before = cameTo().filter((at) => at === '1001').length;
    expect(before).toBeGreaterThan(4);
    await Promise.all(Array.from({ length: 50 }, () => made.balance.query()));
    expect(cameTo().filter((at) => at === '1001').length).toBe(before);
    await suite.clock.advance(10_000);
    expect((await Promise.all(calls)).every((result) => 'value' in (result as object))).toBe(true);
    expect(log.lines.filter(({ message }) => message.includes('keeps failing')).length).toBeGreaterThan(0);
  });

  test('when none has been there for long, one that is back gets calls within six seconds', async () => {
    const { bank: made, behaviours } = suite.open({ 1001: unreachable, 1002: unreachable });
    const call = () => made.balance.query(undefined, { context: { deadlineMs: 100 } });
    for (let n = 0; n < 300; n++) await suite.failing(call(), 200);
    behaviours['1002'] = works;
    await suite.clock.advance(6000);
    expect(await call()).toEqual({ at: '1002' });
  });

  test('and meanwhile each is asked only every few seconds, however many calls there are', async () => {
    const { bank: made, received } = suite.open(
      { 1001: unreachable, 1002: unreachable, 1003: unreachable },
      { retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } },
    );
    for (let n = 0; n < 40_000; n++) {
      void outcome(made.balance.query());
      if (n === 20_000) received.length = 0;
      await suite.clock.advance(1);
    }
    expect(received.length).toBeGreaterThan(5);
    expect(received.length).toBeLessThan(20);
  });

  test('one that hangs gets hardly any calls of those in a hurry either', async () => {
    const { bank: made, cameTo } = suite.open({ 1001: silent, 1002: after(5) }, { deadlineMs: 2000 });
    for (let n = 0; n < 200; n++) {
      void outcome(made.balance.query());
      await suite.clock.advance(100);
    }
    expect(cameTo().filter((at) => at === '1001').length).toBeLessThan(10);
  });

  test('one that was killed and is back after three seconds gets calls within five', async () => {
    const { bank: made, behaviours, cameTo } = suite.open({ 1001: after(5), 1002: after(5), 1003: after(5) });
    const calls = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 5) {
        void outcome(made.balance.query());
        await suite.clock.advance(5);
      }
    };
    await calls(1000);
    // Those that are under way are lost, a few, and nobody is there for the next ones.
    behaviours['1001'] = lost;
    await calls(10);
    behaviours['1001'] = unreachable;
    await calls(2000);
    behaviours['1001'] = starting;
    await calls(1000);
    behaviours['1001'] = after(5);
    const before = cameTo().filter((at) => at === '1001').length;
    // The probes of its breaker come after 1, 2, 4 … s.
    await calls(5000);
    expect(cameTo().filter((at) => at === '1001').length - before).toBeGreaterThan(10);
  });

  test('one that takes no calls yet costs no retry, and gets hardly any', async () => {
    const { bank: made, cameTo } = suite.open(
      { 1001: starting, 1002: after(5), 1003: after(5) },
      { retryBudget: { ratio: 0, minPerSecond: 0 } },
    );
    for (let n = 0; n < 500; n++) {
      const call = made.pay.mutate();
      await suite.clock.advance(10);
      expect((await call).at).not.toBe('1001');
    }
    expect(cameTo().filter((at) => at === '1001').length).toBeLessThan(20);
  });

  test('one that is about to stop gets no new calls', async () => {
    const { bank: made, cameTo, leaving } = suite.open({ 1001: works, 1002: works });
    leaving.add('1001');
    await Promise.all(Array.from({ length: 40 }, () => made.balance.query()));
    expect(new Set(cameTo())).toEqual(new Set(['1002']));
  });

  test('a slow one gets hardly any', async () => {
    const { bank: made, cameTo } = suite.open({ 1001: after(200), 1002: after(10), 1003: after(10) });
    const calls: Promise<unknown>[] = [];
    for (let n = 0; n < 2000; n++) {
      calls.push(made.balance.query());
      await suite.clock.advance(5);
    }
    await suite.clock.advance(1000);
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
    } = suite.open({ 1001: lost }, { retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } });
    for (let n = 0; n < 5; n++) await suite.failing(made.pay.mutate(), 0);
    const error = await suite.failing(made.pay.mutate(), 0);
    expect(error.message).toContain('breaker open for');
    expect(received).toHaveLength(5);
    behaviours['1001'] = works;
    await suite.clock.advance(1500);
    expect(await made.pay.mutate()).toEqual({ at: '1001' });
  });

  test('is left alone sooner, for longer, or not at all, where its client says so', async () => {
    const retryPolicy = { attempts: 0, baseMs: 1, jitter: 0 };
    const hasty = suite.open({ 1001: lost }, { retryPolicy, breaker: { consecutiveFailures: 2 } });
    const never = { consecutiveFailures: Infinity, successRate: 0 };
    const stubborn = suite.open({ 1001: lost }, { retryPolicy, breaker: never });
    for (let n = 0; n < 30; n++) {
      await suite.failing(hasty.bank.pay.mutate(), 0);
      await suite.failing(stubborn.bank.pay.mutate(), 0);
    }
    expect([hasty.received.length, stubborn.received.length]).toEqual([2, 30]);
  });

  test('a retry waits until it may be asked again', async () => {
    const { bank: made, received, behaviours } = suite.open({ 1001: lost }, { breaker: { jitter: 0 } });
    for (let n = 0; n < 6; n++)
      await suite.failing(made.pay.mutate(undefined, { context: { deadlineMs: 100 } }), 200);
    await suite.clock.advance(800);
    await suite.failing(made.pay.mutate(undefined, { context: { deadlineMs: 100 } }), 200);
    received.length = 0;
    const seen = outcome(made.balance.query());
    await suite.clock.advance(500);
    expect(received).toHaveLength(0);
    behaviours['1001'] = works;
    await suite.clock.advance(3000);
    expect(await seen).toEqual({ value: { at: '1001' } });
    expect(received).toHaveLength(1);
  });

  test('one that refuses because it has too much to do is not left alone', async () => {
    const { bank: made, received, behaviours } = suite.open({ 1001: busy });
    for (let n = 0; n < 30; n++)
      await suite.failing(made.pay.mutate(undefined, { context: { deadlineMs: 500 } }), 0);
    expect(received).toHaveLength(30);
    behaviours['1001'] = works;
    expect(await made.pay.mutate()).toEqual({ at: '1001' });
  });
});

describe('a hedged query', () => {
  const warm = async (made: ReturnType<typeof suite.open>) => {
    for (let n = 0; n < 400; n++) {
      const call = made.bank.quote.query();
      await suite.clock.advance(11);
      await call;
    }
  };

  test('is made a second time, elsewhere, when the first takes longer than 99 in 100 did', async () => {
    const made = suite.open({ 1001: after(10), 1002: after(10) });
    await warm(made);
    const before = made.received.length;
    made.behaviours['1001'] = after(300);
    made.behaviours['1002'] = after(300);
    const call = made.bank.quote.query();
    await suite.clock.advance(5);
    const [first] = made.cameTo().slice(before);
    const other = first === '1001' ? '1002' : '1001';
    made.behaviours[other] = after(10);
    await suite.clock.advance(40);
    expect(await call).toEqual({ at: other });
    expect(made.received[before]?.attempt.cancelled).toBe(true);
  });

  test('adds no more than one call in a hundred', async () => {
    const made = suite.open({ 1001: after(10), 1002: after(10) });
    await warm(made);
    made.received.length = 0;
    made.behaviours['1001'] = after(100);
    made.behaviours['1002'] = after(100);
    for (let n = 0; n < 1000; n++) {
      const call = made.bank.quote.query();
      await suite.clock.advance(101);
      await call;
    }
    expect(made.received.length).toBeLessThanOrEqual(1014);
    expect(made.received.length).toBeGreaterThan(1000);
  });
});
