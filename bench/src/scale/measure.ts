import { headline } from '../compare/plan.ts';
import { median } from '../compare/summary.ts';
import type { StackName } from '../stacks/index.ts';
import type { Point, Series } from './series.ts';

/** The cost of a call at one point of a series. */
export interface ScaleSample {
  readonly at: number;
  /** All clients together. */
  readonly callsPerSecond: number;
  /** Of the median client, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU microseconds per call. */
  readonly serverUs: number;
  readonly clientUs: number;
  /** The server's resident memory afterwards, in MiB. */
  readonly serverMib: number;
}

export interface ScalePlan {
  /** Larger points are left out. */
  readonly most: number;
  /**
   * Calls that every server answers before it is measured. The same number at every point, because a warm
   * server costs half; and at least the number of tokens at the last point, so that each was seen once.
   */
  readonly warmUpCalls: number;
  readonly rounds: number;
  /** Duration of one measurement, in milliseconds. */
  readonly measureMs: number;
  /** Number of calls in the memory run; memory is read ten times. */
  readonly memoryCalls: number;
}

export const fullScale: ScalePlan = {
  most: 20_000,
  warmUpCalls: 20_000,
  rounds: 5,
  measureMs: 1000,
  memoryCalls: 1_000_000,
};

/** A short test run; too short for figures. */
export const quickScale: ScalePlan = {
  most: 100,
  warmUpCalls: 500,
  rounds: 2,
  measureMs: 200,
  memoryCalls: 5000,
};

/** Measures every point of a series in turns. @returns The medians over the rounds. */
export async function measureSeries(
  stack: StackName,
  { values, start }: Series,
  { most, warmUpCalls, rounds, measureMs }: ScalePlan,
): Promise<ScaleSample[]> {
  await using owner = new AsyncDisposableStack();
  const points: Point[] = [];
  for (const value of values.filter((one) => one <= most)) {
    const point = await start(stack, value, owner);
    points.push(point);
    const calls = Math.ceil(warmUpCalls / point.clients.length);
    await Promise.all(point.clients.map((client) => client.ask('run', { ...headline, until: { calls } })));
  }
  const samples: ScaleSample[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const point of points) samples.push(await measurePoint(point, measureMs));
  }
  return [...Map.groupBy(samples, ({ at }) => at).values()].map(medians);
}

async function measurePoint({ at, server, clients }: Point, ms: number): Promise<ScaleSample> {
  const before = await server.ask('usage');
  const runs = await Promise.all(clients.map((client) => client.ask('run', { ...headline, until: { ms } })));
  const after = await server.ask('usage');
  const calls = sum(runs.map((run) => run.calls));
  return {
    at,
    callsPerSecond: sum(runs.map((run) => (run.calls / run.ms) * 1000)),
    p50: median(runs.map((run) => run.p50)),
    p99: median(runs.map((run) => run.p99)),
    serverUs: (after.cpuUs - before.cpuUs) / calls,
    clientUs: sum(runs.map((run) => run.cpuUs)) / calls,
    serverMib: after.rss / 2 ** 20,
  };
}

function medians(samples: readonly ScaleSample[]): ScaleSample {
  const of = (field: keyof ScaleSample) => median(samples.map((sample) => sample[field]));
  return {
    at: of('at'),
    callsPerSecond: of('callsPerSecond'),
    p50: of('p50'),
    p99: of('p99'),
    serverUs: of('serverUs'),
    clientUs: of('clientUs'),
    serverMib: of('serverMib'),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
