import { answers, messagesOf } from '../message.ts';
import type { BenchClient } from '../stack.ts';
import type { Load, Run } from './operations.ts';

/** Message sources by size, created once: for 1 MB that takes longer than a warm-up. */
const sources = new Map<number, ReturnType<typeof messagesOf>>();

/**
 * Drives a client with a load, and measures it. All stacks use this loop, so its cost (two clock reads and a
 * comparison, some tenths of a microsecond per call) is the same in every row.
 *
 * @throws the first failure of a call.
 */
export async function drive(client: BenchClient, { inFlight, bodyBytes, until }: Load): Promise<Run> {
  const next = sources.get(bodyBytes) ?? messagesOf(bodyBytes);
  sources.set(bodyBytes, next);
  const latencies: number[] = [];
  const most = 'calls' in until ? until.calls : Infinity;
  let sent = 0;

  const startedAt = performance.now();
  const endsAt = 'ms' in until ? startedAt + until.ms : Infinity;
  const cpuBefore = process.cpuUsage();
  const caller = async () => {
    let sentAt = performance.now();
    while (sentAt < endsAt && sent < most) {
      sent += 1;
      const message = next();
      const receipt = await client.call(message);
      if (!answers(receipt, message))
        throw new Error(`Not the answer to this call: ${JSON.stringify(receipt)}`);
      const answeredAt = performance.now();
      latencies.push(answeredAt - sentAt);
      sentAt = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);

  const sorted = Float64Array.from(latencies).toSorted();
  const quantile = (q: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
  return {
    calls: sorted.length,
    ms,
    cpuUs: user + system,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
  };
}
