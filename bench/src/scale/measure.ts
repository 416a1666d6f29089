import { headline } from '../compare/plan.ts';
import { median } from '../compare/summary.ts';
import type { StackName } from '../stacks/index.ts';
import type { Point, Series } from './series.ts';

/** What a call cost at one point of a series. */
export interface ScaleSample {
  readonly at: number;
  /** Of all clients together. */
  readonly callsPerSecond: number;
  /** The median client's, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU microseconds a call. */
  readonly serverUs: number;
  readonly clientUs: number;
  /** The server's resident memory afterwards, in MiB. */
  readonly serverMib: number;
}

/** How much, how long, and how often. */
export interface ScalePlan {
  /** Points beyond this value are left out. */
  readonly most: number;
  /**
   * Calls that every server has answered before it is measured. The same at
   * every point, because a warm server is cheaper by half; and as many as
   * there are tokens at the last point, so that each was seen once.
   */
  readonly warmUpCalls: number;
  readonly rounds: number;
  /** One measurement, in milliseconds. */
  readonly measureMs: number;
  /** How many calls the run for the server's memory makes in all; it is looked at ten times. */
  readonly memoryCalls: number;
}

export const fullScale: ScalePlan = {
  most: 20_000,
  warmUpCalls: 20_000,
  rounds: 5,
  measureMs: 1000,
  memoryCalls: 1_000_000,
};

/** Shows that it works; too short for figures. */
export const quickScale: ScalePlan = {
  most: 100,
  warmUpCalls: 500,
  rounds: 2,
  measureMs: 200,
  memoryCalls: 5000,
};

/** Measures every point of a series in turns, and answers with the medians over the rounds. */
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
