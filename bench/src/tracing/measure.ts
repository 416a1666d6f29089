import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { median } from '../compare/summary.ts';
import { startPair, type Pair } from '../process/pair.ts';
import type { StackName } from '../stacks/index.ts';

export interface TracingPlan {
  /** Times that all processes are started afresh: the same code takes up to a tenth more or less in another process. */
  readonly starts: number;
  /** Measurements of each row after each start. */
  readonly rounds: number;
  /** Calls of a measurement, and before the first. */
  readonly calls: number;
  readonly warmUpCalls: number;
}

export const fullTracing: TracingPlan = { starts: 9, rounds: 8, calls: 10_000, warmUpCalls: 100_000 };
export const quickTracing: TracingPlan = { starts: 3, rounds: 5, calls: 10_000, warmUpCalls: 60_000 };

/** The cost of a call with some share of traces recorded. */
export interface TracingRow {
  readonly name: string;
  /** CPU microseconds per call of both processes, without the receiver; the median of the starts. */
  readonly cpuUs: number;
  /** Relative to the first row; the median of the starts' ratios. */
  readonly ratio: number;
}

const load = { inFlight: 64, bodyBytes: 150 };

/** `off` twice: how much the second differs is what the machine adds. */
const shares = [
  ['off', undefined],
  ['off, again', undefined],
  ['no trace', 0],
  ['1 % of the traces', 0.01],
  ['all traces', 1],
] as const;

/** Measures calls of the same stack with tracing off and on, in turns. */
export async function measureTracing(stack: StackName, plan: TracingPlan): Promise<TracingRow[]> {
  await using receiver = await startReceiver();
  const costs = shares.map((): number[] => []);
  for (let start = 0; start < plan.starts; start += 1) {
    const medians = await measureOnce(stack, plan, { start, url: receiver.url });
    for (const [row, cpuUs] of medians.entries()) costs[row]?.push(cpuUs);
  }
  return shares.map(([name], row) => {
    const own = costs[row] ?? [];
    const ratios = own.map((cost, start) => cost / (costs[0]?.[start] ?? Number.NaN));
    return { name, cpuUs: median(own), ratio: median(ratios) };
  });
}

/** The cost of each row with fresh processes, as the median of its rounds. */
async function measureOnce(
  stack: StackName,
  { rounds, calls, warmUpCalls }: TracingPlan,
  { start, url }: { start: number; url: string },
): Promise<number[]> {
  await using ending = new AsyncDisposableStack();
  const pairs: Pair[] = [];
  for (const [, share] of shares) {
    const tracing = { share, endpoint: share === undefined ? undefined : url };
    pairs.push(ending.use(await startPair(stack, { size: { tracing } })));
  }
  for (const pair of pairs) await pair.warmUp({ ...load, until: { calls: warmUpCalls } });
  const costs = pairs.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const step of pairs.keys()) {
      // Each round begins with another row.
      const row = (start + round + step) % pairs.length;
      const sample = await pairs[row]?.measure({ ...load, until: { calls } });
      if (sample) costs[row]?.push(sample.serverUs + sample.clientUs);
    }
  }
  return costs.map(median);
}

/** A receiver of OTLP that throws away what it gets. */
async function startReceiver(): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
