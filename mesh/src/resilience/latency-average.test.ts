import { describe, expect, test } from 'vitest';
import { LatencyAverage } from './latency-average.ts';

/** An average on a clock that the test moves. */
function make(decayMs = 10_000) {
  const clock = { now: 0 };
  return { clock, latency: new LatencyAverage({ now: () => clock.now, decayMs }) };
}

/** Observes the same time once a millisecond. */
function steady({ clock, latency }: ReturnType<typeof make>, ms: number, forMs: number): void {
  for (let passed = 0; passed < forMs; passed++) {
    clock.now++;
    latency.observe(ms);
  }
}

describe('the value', () => {
  test('takes a rise over at once', () => {
    const { latency } = make();
    const values = [1, 5, 200].map((ms) => {
      latency.observe(ms);
      return latency.value();
    });
    expect(values).toEqual([1, 5, 200]);
  });

  test('falls towards what is observed, as time passes, not as observations come', () => {
    const made = make();
    const { clock, latency } = made;
    latency.observe(101);
    for (let time = 0; time < 1000; time++) latency.observe(1);
    expect(latency.value()).toBe(101);
    steady(made, 1, 10_000);
    expect(latency.value()).toBeCloseTo(1 + 100 / Math.E, 6);
    clock.now += 10_000;
    latency.observe(1);
    expect(latency.value()).toBeCloseTo(1 + 100 / Math.E ** 2, 6);
  });

  test('falls while nothing is observed, however often it is read', () => {
    for (const reads of [1, 100]) {
      const { clock, latency } = make();
      latency.observe(100);
      for (let read = 0; read < reads; read++) {
        clock.now += 10_000 / reads;
        latency.value();
      }
      expect(latency.value()).toBeCloseTo(100 / Math.E, 6);
    }
  });

  test('of one that was twenty times slower meets the others in half a minute', () => {
    const { clock, latency } = make();
    latency.observe(200);
    clock.now = 29_900;
    expect(latency.value()).toBeGreaterThan(10);
    clock.now = 30_000;
    expect(latency.value()).toBeLessThan(10);
  });

  test('falls as fast as it is told to', () => {
    const { clock, latency } = make(1000);
    latency.observe(100);
    clock.now = 1000;
    expect(latency.value()).toBeCloseTo(100 / Math.E, 6);
  });

  test.each([Number.NaN, -1, Infinity])('does not hear of %d ms', (ms) => {
    const { clock, latency } = make();
    latency.observe(10);
    clock.now = 10_000;
    latency.observe(ms);
    expect([latency.value(), latency.mean()]).toEqual([10 / Math.E, 10]);
  });

  test('of an answer that took no time is known', () => {
    const { latency } = make();
    latency.observe(0);
    expect(latency.value()).toBeGreaterThan(0);
  });

  test('stays while the clock stands still or goes back, and falls from there', () => {
    const { clock, latency } = make();
    clock.now = 100_000;
    latency.observe(100);
    expect(latency.value()).toBe(100);
    clock.now = 50_000;
    expect(latency.value()).toBe(100);
    clock.now = 60_000;
    expect(latency.value()).toBeCloseTo(100 / Math.E, 6);
  });

  test('is forgotten after a clock that jumped', () => {
    const { clock, latency } = make();
    latency.observe(100);
    clock.now = 1e9;
    expect([latency.value(), latency.cost(0)]).toEqual([0, 0]);
    latency.observe(3);
    expect(latency.value()).toBe(3);
  });
});

describe('the mean', () => {
  test('is hardly moved by one pause, which the value is', () => {
    const made = make();
    steady(made, 1, 10_000);
    made.clock.now += 60;
    made.latency.observe(60);
    expect(made.latency.value()).toBe(60);
    expect(made.latency.mean()).toBeLessThan(1.5);
  });

  test('follows what lasts, up and down, and keeps it while nothing comes', () => {
    const made = make();
    steady(made, 1, 1000);
    steady(made, 100, 30_000);
    expect(made.latency.mean()).toBeCloseTo(100 - 99 / Math.E ** 3, 3);
    made.clock.now += 3_600_000;
    expect(made.latency.mean()).toBeCloseTo(100 - 99 / Math.E ** 3, 3);
    for (let n = 0; n < 100; n++) {
      made.clock.now += 1000;
      made.latency.observe(2);
    }
    expect(made.latency.mean()).toBeLessThan(3);
  });
});

describe('a failure', () => {
  test.each([
    [0, 0, 1],
    [0.2, 0, 1],
    [10, 0, 20],
    [10, 15, 20],
    [10, 500, 500],
    [700, 0, 1000],
    [700, 5000, 5000],
    [3000, 10, 3000],
    [10, Number.NaN, 20],
    [10, -5, 20],
    [10, Infinity, 20],
  ])('of an endpoint at %d ms that took %d ms counts as %d ms', (before, elapsed, expected) => {
    const { latency } = make();
    if (before > 0) latency.observe(before);
    latency.penalise(elapsed);
    expect(latency.value()).toBe(expected);
  });

  test('doubles what the one before has left', () => {
    const { clock, latency } = make();
    latency.observe(100);
    clock.now = 10_000;
    latency.penalise(1);
    expect(latency.value()).toBeCloseTo(200 / Math.E, 6);
  });

  test('is no latency of the endpoint', () => {
    const { latency } = make();
    latency.penalise(5000);
    expect(latency.mean()).toBe(0);
    latency.observe(2);
    latency.penalise(5000);
    expect(latency.mean()).toBe(2);
  });
});

describe('the cost of a call more', () => {
  test('is the value, for each in flight and for itself', () => {
    const { latency } = make();
    latency.observe(10);
    expect([0, 1, 9].map((inFlight) => latency.cost(inFlight))).toEqual([10, 20, 100]);
  });

  test('is nothing at one that was never heard of, for a single call', () => {
    const { latency } = make();
    const slow = make().latency;
    slow.observe(5000);
    expect(latency.cost(0)).toBe(0);
    expect(latency.cost(1)).toBeGreaterThan(slow.cost(5));
    expect(latency.cost(2)).toBeGreaterThan(latency.cost(1));
  });
});

test('after a rest, one slow answer does not make the mean', () => {
  const { clock, latency } = make();
  for (let n = 0; n < 20; n++) latency.observe(10);
  clock.now += 60_000;
  latency.observe(500);
  expect(latency.mean()).toBeLessThan(50);
});
