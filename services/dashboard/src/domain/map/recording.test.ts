import type { MeshMap } from '@arcadium/contracts/dashboard';
import { describe, expect, test } from 'vitest';
import { Recording } from './recording.ts';

const intervalMs = 2000;
const noon = Date.parse('2026-11-30T12:00:00Z');

/** A map that is told apart by its number. */
const mapOf = (at: number, number: number): MeshMap => ({
  at: new Date(at).toISOString(),
  nodes: [
    {
      service: 'wiki',
      kind: 'service',
      status: 'healthy',
      replicas: number,
      shedding: false,
      rate: 0,
      success: null,
      p50: null,
      p95: null,
      p99: null,
    },
  ],
  edges: [],
});
const numberOf = (map: MeshMap | undefined) => map?.nodes[0]?.replicas;

/** A recording, and a dashboard that runs: each round is numbered, and each minute has the number of its last round, from 10,000. */
function running(bounds = {}) {
  const recording = new Recording(intervalMs, bounds);
  const clock = { wall: noon, steady: 0 };
  let round = 0;
  return {
    recording,
    clock,
    run(rounds: number) {
      for (let n = 0; n < rounds; n += 1) {
        round += 1;
        clock.wall += intervalMs;
        clock.steady += intervalMs;
        recording.addRound(mapOf(clock.wall, round), clock.steady);
        if (round % 30 === 0) recording.addMinute(mapOf(clock.wall, 10_000 + round), clock.steady);
      }
    },
    at: (ms: number) => numberOf(recording.at(ms)),
  };
}

describe('which map stands for a time', () => {
  test('before the first round there is none', () => {
    const { at, recording } = running();
    expect(at(noon)).toBeUndefined();
    expect(recording.range()).toBeUndefined();
  });

  test('the round before it, for three rounds', () => {
    const { run, at } = running();
    run(3);
    expect(at(noon + 1999)).toBeUndefined();
    expect(at(noon + 2000)).toBe(1);
    expect(at(noon + 3999)).toBe(1);
    expect(at(noon + 4000)).toBe(2);
    expect(at(noon + 6000 + 5999)).toBe(3);
    expect(at(noon + 6000 + 6000)).toBeUndefined();
  });

  test('the minute that it is in, once the rounds are gone', () => {
    const { run, at, recording } = running();
    run(30 * 20);
    const now = noon + 20 * 60_000;
    expect(at(now - 600_000)).toBe(300);
    // Ten minutes and a second ago: within the tenth minute, which ended a second later.
    expect(at(now - 600_001)).toBe(10_300);
    expect(at(now - 660_000)).toBe(10_270);
    expect(at(now - 659_999)).toBe(10_300);
    expect(at(noon)).toBe(10_030);
    expect(at(noon - 6001)).toBeUndefined();
    expect(recording.range()).toEqual({ from: noon, to: now });
  });

  test('six hours, and not a minute more', () => {
    const { run, at, recording } = running();
    run(30 * 400);
    const now = noon + 400 * 60_000;
    const from = now - 361 * 60_000;
    expect(recording.range()).toEqual({ from, to: now });
    expect(at(from)).toBe(10_000 + 30 * 40);
    expect(at(from - 10_000)).toBeUndefined();
  });
});

describe('a clock that jumps', () => {
  test('forward: what was before stays, and between them nothing was recorded', () => {
    const { run, at, clock } = running();
    run(300);
    clock.wall += 86_400_000;
    run(3);
    expect(at(noon + 600_000)).toBe(300);
    expect(at(noon + 43_200_000)).toBeUndefined();
    expect(at(clock.wall)).toBe(303);
  });

  test('back: of a time that passed twice, the later counts, and nothing is dropped before its time', () => {
    const { run, at, clock, recording } = running();
    run(100);
    clock.wall -= 100_000;
    run(10);
    expect(at(noon + 104_000)).toBe(102);
    expect(at(noon + 198_000)).toBe(99);
    expect(recording.range()).toMatchObject({ to: noon + 200_000 });
    clock.wall += 3_600_000;
    run(300);
    expect(at(noon + 104_000)).toBe(10_060);
  });
});

/** A busy mesh, with figures as noisy as real ones. */
function busyMap(services: number, edges: number): MeshMap {
  let seed = 1;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const figure = (most: number) => Number((random() * most).toPrecision(3));
  const traffic = () => ({
    rate: figure(500),
    success: figure(1),
    p50: figure(50),
    p95: figure(500),
    p99: figure(5000),
  });
  return {
    at: new Date(noon).toISOString(),
    nodes: Array.from({ length: services }, (_, n) => ({
      service: `service-${n}`,
      kind: 'service',
      status: 'healthy',
      replicas: 2,
      shedding: false,
      ...traffic(),
    })),
    edges: Array.from({ length: edges }, (_, n) => ({
      caller: `service-${n % services}`,
      target: `service-${(n * 7 + 1) % services}`,
      ...traffic(),
      resilience: {
        breaker: 'closed',
        endpoints: 2,
        ejected: 0,
        retryBudget: Math.round(random() * 200),
        retries: figure(5),
        failovers: 0,
        hedges: figure(1),
        refused: 0,
        doubts: 0,
        reasons: random() < 0.3 ? [`${figure(9)} calls/s repeated because of SERVICE_UNAVAILABLE`] : [],
      },
    })),
  };
}

describe('bytes', () => {
  test('six hours and ten minutes of 100 services and 300 edges take 9 MB', () => {
    const recording = new Recording(intervalMs);
    const map = busyMap(100, 300);
    for (let n = 0; n < 10; n += 1) recording.addRound(map, n);
    const bytes = recording.bytes / 10;
    expect(recording.at(noon)).toEqual(map);
    expect(bytes * (300 + 360)).toBeLessThan(12_000_000);
    expect(bytes * (300 + 360)).toBeGreaterThan(4_000_000);
  });

  test('beyond the bound, the oldest go first, whatever their age', () => {
    const { run, recording, at } = running({ roundsBytes: 2000, minutesBytes: 1000 });
    run(300);
    expect(recording.bytes).toBeLessThanOrEqual(3000);
    expect(at(noon + 600_000)).toBe(300);
    expect(at(noon + 2000)).toBeUndefined();
  });
});
