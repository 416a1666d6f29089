import { describe, expect, test } from 'vitest';
import { pick, type Candidate } from './balance.ts';
import { LatencyAverage } from './latency-average.ts';

/** A generator of its own, so that a failure can be made again. */
function makeRandom(seed = 11) {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const endpoint = (cost: number, usable = true): Candidate => ({ cost, usable });
const endpoints = (count: number) => Array.from({ length: count }, () => endpoint(1));

/** How often each is picked. */
function shares(candidates: readonly Candidate[], tried: readonly Candidate[] = [], times = 20_000) {
  const random = makeRandom();
  const picked: (Candidate | undefined)[] = [];
  for (let time = 0; time < times; time++) picked.push(pick(candidates, { random, tried }));
  return candidates.map((candidate) => picked.filter((each) => each === candidate).length / times);
}

describe('what is picked', () => {
  test('nothing of nothing, and the one of one, with chance left alone', () => {
    const random = () => {
      throw new Error('asked for chance');
    };
    const only = endpoint(5);
    expect([pick([], { random }), pick([only], { random }), pick([only])]).toEqual([undefined, only, only]);
  });

  test('the cheaper of two', () => {
    const cheap = endpoint(1);
    for (const pair of [
      [cheap, endpoint(2)],
      [endpoint(2), cheap],
    ])
      expect(pick(pair)).toBe(cheap);
  });

  test.each([2, 3, 8, 9, 100])('each of %d equal ones as often as the others', (count) => {
    for (const share of shares(endpoints(count), [], 1000 * count)) {
      expect(share * count).toBeGreaterThan(0.85);
      expect(share * count).toBeLessThan(1.15);
    }
  });

  test.each([3, 8, 9, 30])('the dearest of %d never, the cheapest whenever it is one of the two', (count) => {
    const picked = shares(Array.from({ length: count }, (_, cost) => endpoint(cost)));
    expect(picked.at(-1)).toBe(0);
    // The chance to be one of two distinct ones.
    expect((picked[0] ?? 0) * count).toBeGreaterThan(2 * 0.9);
    expect((picked[0] ?? 0) * count).toBeLessThan(2 * 1.1);
  });

  test.each([0, 0.5, 1 - 2 ** -53])('somebody, whatever chance says (%d)', (chance) => {
    for (const count of [1, 2, 3, 9, 100]) {
      const candidates = endpoints(count);
      expect(candidates).toContain(pick(candidates, { random: () => chance }));
    }
  });

  test('either, if a cost is no number', () => {
    for (const share of shares([endpoint(Number.NaN), endpoint(1)])) expect(share).toBeCloseTo(0.5, 1);
  });
});

describe('who is left out', () => {
  test('who does not look healthy, however cheap', () => {
    expect(shares([endpoint(0, false), endpoint(9), endpoint(0, false)])).toEqual([0, 1, 0]);
  });

  test.each([3, 100])('all but two of %d, which share the calls', (count) => {
    const candidates = Array.from({ length: count }, (_, index) => endpoint(1, index < 2));
    const [first = 0, second = 0, ...others] = shares(candidates);
    expect([first + second, Math.max(...others)]).toEqual([1, 0]);
    expect(first).toBeCloseTo(0.5, 1);
  });

  test('nobody, if none looks healthy: the cheaper of two again', () => {
    const [dear = 0, cheap = 0, dearest] = shares([
      endpoint(2, false),
      endpoint(1, false),
      endpoint(3, false),
    ]);
    expect([dear + cheap, dearest]).toEqual([1, 0]);
    expect(cheap).toBeCloseTo(2 / 3, 1);
  });

  test.each([3, 100])('who was tried, also when only they of %d look healthy', (count) => {
    const candidates = Array.from({ length: count }, (_, index) => endpoint(1, index === 0));
    expect(shares(candidates, candidates.slice(0, 1))[0]).toBe(0);
    const healthy = endpoints(count);
    expect(shares(healthy, healthy.slice(1, 2))[1]).toBe(0);
  });

  test.each([1, 3, 100])('everybody, if all %d were tried', (count) => {
    const candidates = endpoints(count);
    expect(pick(candidates, { tried: candidates })).toBeUndefined();
  });

  test('nobody for having been tried somewhere that is gone', () => {
    const candidates = endpoints(2);
    expect(pick(candidates, { tried: [endpoint(1)] })).toBeDefined();
  });

  test('who changes between two looks takes nobody else along', () => {
    let looks = 0;
    const fickle = {
      cost: 1,
      get usable() {
        return looks++ % 2 === 0;
      },
    };
    for (let time = 0; time < 100; time++) expect(pick([fickle, fickle])).toBe(fickle);
  });
});

/** An endpoint as a client has it, with as many calls as it likes at a time. */
class Simulated implements Candidate {
  readonly usable = true;
  inFlight = 0;
  readonly startedAt: number[] = [];
  readonly latency: LatencyAverage;
  takesMs: number;

  constructor(takesMs: number, now: () => number) {
    this.takesMs = takesMs;
    this.latency = new LatencyAverage({ now, decayMs: 10_000 });
  }

  get cost(): number {
    return this.latency.cost(this.inFlight);
  }
}

describe('three endpoints, one of them twenty times slower, 200 calls a second for a minute', () => {
  const second = 1000;
  const callEveryMs = 5;

  function simulate(seconds: number, recoversAtMs = Infinity) {
    const clock = { now: 0 };
    const random = makeRandom();
    const all = [10, 10, 200].map((takesMs) => new Simulated(takesMs, () => clock.now));
    const [fast, other, slow] = all as [Simulated, Simulated, Simulated];
    let pending: { endsAt: number; tookMs: number; at: Simulated }[] = [];
    for (; clock.now < seconds * second; clock.now++) {
      if (clock.now === recoversAtMs) slow.takesMs = 10;
      for (const { endsAt, tookMs, at } of pending) {
        if (endsAt > clock.now) continue;
        at.inFlight--;
        at.latency.observe(tookMs);
      }
      pending = pending.filter(({ endsAt }) => endsAt > clock.now);
      if (clock.now % callEveryMs !== 0) continue;
      const at = pick(all, { random });
      if (!at) throw new Error('nothing was picked');
      at.inFlight++;
      at.startedAt.push(clock.now);
      const tookMs = at.takesMs * (0.8 + 0.4 * random());
      pending.push({ endsAt: clock.now + tookMs, tookMs, at });
    }
    return { fast, other, slow };
  }

  const callsBetween = (to: Simulated, fromMs: number, untilMs: number) =>
    to.startedAt.filter((at) => at >= fromMs && at < untilMs).length;

  test('the slow one gets under a hundredth of them after the first second, and is not forgotten', () => {
    const { fast, other, slow } = simulate(60);
    const [ofFast = 0, ofOther = 0, ofSlow = 0] = [fast, other, slow].map((each) =>
      callsBetween(each, second, 60 * second),
    );
    expect(ofFast + ofOther + ofSlow).toBe((59 * second) / callEveryMs);
    expect(ofSlow).toBeLessThan(((59 * second) / callEveryMs) * 0.01);
    expect(ofSlow).toBeGreaterThan(0);
    expect(Math.min(ofFast, ofOther) / Math.max(ofFast, ofOther)).toBeGreaterThan(0.8);
  });

  test('within a minute of its recovery it gets its share again', () => {
    const recoversAtMs = 60 * second;
    const { slow } = simulate(140, recoversAtMs);
    const lastMinuteStarts = recoversAtMs + 60 * second;
    const calls = callsBetween(slow, lastMinuteStarts, lastMinuteStarts + 20 * second);
    expect(calls / ((20 * second) / callEveryMs)).toBeGreaterThan(0.25);
  });
});
