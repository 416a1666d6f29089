import type { AnyContract } from '../contract/index.ts';
import { describeError } from '../telemetry/index.ts';
import type { Handlers } from './call/handler.ts';
import { serve, type RunningService, type ServeOptions } from './serve.ts';

/** What runs beside the calls of a service: a listener, a relay, a retention job. */
export interface Startable {
  /** Begins. If it rejects, the service does not start. */
  start(): void | Promise<void>;
  /** Ends it, also after a `start()` that failed. */
  stop(): void | Promise<void>;
}

/** How a service is started: how it is served, and what it consists of besides. */
export interface StartOptions extends ServeOptions {
  /** Fires when the process must end, as `run` passes it: a start that is not ready yet is given up. */
  ending: AbortSignal;
  /**
   * What must be done before the first call, such as migrations. Until it resolves, the service answers health
   * checks only. It should reject when its signal fires.
   *
   * @default nothing
   */
  prepare?: (ending: AbortSignal) => Promise<unknown>;
  /** Started one after the other once that is done, and stopped together after the last call. @default none */
  jobs?: readonly Startable[];
  /**
   * What the service and its jobs use: connections, clients, threads. Disposed of when all of them have stopped. An
   * `AsyncDisposableStack` closes what it holds in reverse order, so that what was opened first, such as the
   * database, is closed last. @default nothing
   */
  resources?: AsyncDisposable;
}

/** A service that takes calls, until it is stopped. */
export type StartedService = Omit<RunningService, 'ready'>;

/**
 * Starts a service: listens, so that its health can be checked; prepares; starts its jobs; and takes calls. `stop()`
 * goes the other way: first the service, which finishes the calls in progress, then its jobs, then its resources. A
 * step that fails to stop does not keep the others from stopping.
 *
 * @example
 * run(async (ending) => {
 *   await using resources = new AsyncDisposableStack();
 *   const pool = new Pool();
 *   resources.defer(() => pool.end());
 *   const retention = new Retention(pool);
 *   return await startService(contract, createHandlers(pool), {
 *     port: 3000, …,
 *     ending,
 *     prepare: () => migrate(pool),
 *     jobs: [retention],
 *     resources: resources.move(),
 *   });
 * });
 *
 * @throws As `serve`; what `prepare` or a job's `start()` rejects with; and the reason of `ending`, if it fires before
 * the service is ready. What was begun until then has been stopped, and the resources disposed of.
 */
export async function startService<From extends AnyContract>(
  contract: From,
  handlers: Handlers<From>,
  options: StartOptions,
): Promise<StartedService> {
  const { ending, prepare, jobs = [], resources, ...serving } = options;
  const begun: Startable[] = [];
  // Disposes in reverse order: the service, its jobs, its resources.
  await using parts = new AsyncDisposableStack();
  parts.use(resources);
  parts.defer(() => stopAll(begun));
  const service = await serve<From>(contract, handlers, serving);
  parts.defer(() => service.stop());
  await prepare?.(ending);
  for (const job of jobs) {
    ending.throwIfAborted();
    begun.push(job);
    await job.start();
  }
  ending.throwIfAborted();
  service.ready();

  const started = parts.move();
  let stopping: Promise<void> | undefined;
  const { url, port } = service;
  return { url, port, stop: () => (stopping ??= started.disposeAsync()) };
}

/** Together, because each may have to wait for a statement or a call in progress. */
async function stopAll(jobs: readonly Startable[]): Promise<void> {
  const stops = await Promise.allSettled(jobs.map(async (job) => job.stop()));
  const reasons = stops.flatMap((stop) => (stop.status === 'rejected' ? [stop.reason as unknown] : []));
  if (reasons.length > 0)
    throw new AggregateError(reasons, `Jobs failed to stop: ${reasons.map(describeError).join('; ')}`);
}
