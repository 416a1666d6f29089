import { setTimeout as delay } from 'node:timers/promises';
import { recordingLogger } from '@arcadium/mesh/testing';
import { isTRPCClientError } from '@trpc/client';
import { noFault, startFaultProxy, type Fault } from '../fault-proxy/index.ts';
import { until } from '../mesh.ts';
import type { KindOfCall } from './calls.ts';
import type { CallOutcome } from './expectations.ts';
import { inShort } from './log-lines.ts';
import { inSeconds } from './seconds.ts';

/** How long a closed connection may look open to the client, in milliseconds. */
const noticedAfterMs = 100;

/** One call through a fault. */
export interface CallPlan {
  readonly of: KindOfCall;
  readonly url: string;
  readonly fault: Fault;
  /** When the fault ends, in milliseconds; `undefined` if it lasts. */
  readonly passesAfterMs: number | undefined;
  readonly expectedSeconds: number;
}

/** The outcome, and how many attempts were passed on for each procedure, including those before the fault. */
export type MeasuredCall = Readonly<{ outcome: CallOutcome; passedOn: ReadonlyMap<string, number> }>;

/** Makes the call with a new client, which has made one call before, so that its WebSocket is open. */
export async function measureCall(plan: CallPlan): Promise<MeasuredCall> {
  const { of, url, fault, passesAfterMs } = plan;
  let bytes = '';
  await using proxy = await startFaultProxy(url, {
    onPassedOn: (chunk) => (bytes += chunk.toString('latin1')),
  });
  const log = recordingLogger();
  await using caller = of.connect(proxy.url, log);
  await caller.warm();
  const before = attemptsIn(bytes).get(of.path) ?? 0;

  await proxy.set(fault);
  if (endsConnections(fault)) await until(() => proxy.connections === 0, 'no connection stands');
  await delay(noticedAfterMs);
  const startedAt = performance.now();
  const healed =
    passesAfterMs === undefined ? undefined : delay(passesAfterMs).then(() => proxy.set(noFault));
  const { saw, inDoubt } = await caller.call().then(
    () => ({ saw: 'OK', inDoubt: false }),
    (error: unknown) => ({ saw: codeOf(error), inDoubt: isInDoubt(error) }),
  );
  const ms = performance.now() - startedAt;
  const logged = inShort(log.lines);
  await healed;
  const passedOn = attemptsIn(bytes);
  const seconds = inSeconds(ms, plan.expectedSeconds);
  const attempts = (passedOn.get(of.path) ?? 0) - before;
  return { outcome: { saw, inDoubt, seconds, attempts, logged }, passedOn };
}

function endsConnections(fault: Fault): boolean {
  return (
    fault.kind === 'refuse' ||
    fault.kind === 'http-error' ||
    (fault.kind === 'reset' && fault.when === 'at-once')
  );
}

/**
 * The calls in some bytes, by procedure: over HTTP, or in WebSocket messages, which the mesh client does not
 * mask.
 */
function attemptsIn(bytes: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [, overHttp, inMessage] of bytes.matchAll(/ \/trpc\/([\w.]+)|"path":"([\w.]+)"/g)) {
    const path = overHttp ?? inMessage ?? '';
    counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  return counts;
}

function codeOf(error: unknown): string {
  const data: unknown = isTRPCClientError(error) ? error.data : undefined;
  return (data as { code?: string } | undefined)?.code ?? String(error);
}

function isInDoubt(error: unknown): boolean {
  return isTRPCClientError(error) && (error.data as { inDoubt?: unknown } | undefined)?.inDoubt === true;
}
