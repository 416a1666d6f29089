import type { AnyContract } from '../contract/index.ts';
import { describeError } from '../telemetry/index.ts';
import type { Handlers } from './call/handler.ts';
import { DisposalStack } from './disposal-stack.ts';
import { partsOf, type Served, type ServicePart } from './part.ts';
import { serve, type RunningService, type ServeOptions } from './serve.ts';

/** A background job of a service, for example a listener or a relay. */
export interface Startable {
  /** If it rejects, the service does not start. */
  start(): void | Promise<void>;
  /** Also called after a failing `start()`. */
  stop(): void | Promise<void>;
}

export interface StartOptions extends ServeOptions {
  /** Fires when the process must end; aborts a start. `run` passes it. */
  ending: AbortSignal;
  /**
   * Runs before the first call, for example migrations. Until it resolves, the service answers health checks only. It
   * should reject when its signal fires. @default nothing
   */
  prepare?: (ending: AbortSignal) => Promise<unknown>;
  /** Started in order after `prepare`, and stopped together after the last call. @default none */
  jobs?: readonly Startable[];
  /**
   * Connections, clients and threads of the service and its jobs, disposed of after they have stopped. An
   * `AsyncDisposableStack` disposes in reverse order, so the database, opened first, is closed last. @default none
   */
  resources?: AsyncDisposable;
}

/** A service that accepts calls. */
export type StartedService = Omit<RunningService, 'ready'>;

/**
 * Starts a service: listens, so that health checks work; prepares; starts the jobs; accepts calls. `stop()` stops the
 * service, which finishes the calls in progress, then the jobs, then the resources, also if one of these fails.
 *
 * @example
 * run(async (ending) => {
 *   await using resources = new AsyncDisposableStack();
 *   const timer = setInterval(() => log.info({}, 'still here'), 60_000);
 *   resources.defer(() => clearInterval(timer));
 *   return await startService(shopContract, handlers, {
 *     ...options,
 *     ending,
 *     prepare: async () => {},
 *     resources: resources.move(),
 *   });
 * });
 *
 * @throws Errors of `serve`, `prepare` and the jobs' `start()`; the reason of `ending`, if it fires before the service
 * is ready. Everything started until then is stopped, and the resources are disposed of.
 */
export async function startService<From extends AnyContract>(
  contract: From,
  handlers: Handlers<From>,
  options: StartOptions,
): Promise<StartedService>;
/** Starts a service of a tRPC router (`fromRouter`), or of several contracts and routers. */
export async function startService(
  parts: ServicePart | readonly ServicePart[],
  options: StartOptions,
): Promise<StartedService>;
export async function startService<From extends AnyContract>(
  ...served: Served<From, StartOptions>
): Promise<StartedService> {
  const { parts, options } = partsOf(served);
  const { ending, prepare, jobs = [], resources, ...serving } = options;
  const begun: Startable[] = [];
  // Disposes in reverse order: the service, its jobs, its resources.
  await using opened = new DisposalStack([() => resources?.[Symbol.asyncDispose](), () => stopAll(begun)]);
  const service = await serve(parts, serving);
  opened.defer(() => service.stop());
  await prepare?.(ending);
  for (const job of jobs) {
    ending.throwIfAborted();
    begun.push(job);
    await job.start();
  }
  ending.throwIfAborted();
  service.ready();

  const started = opened.move();
  let stopping: Promise<void> | undefined;
  const { url, port } = service;
  return { url, port, stop: () => (stopping ??= started[Symbol.asyncDispose]()) };
}

/** Concurrently, because each may wait for a statement or a call in progress. */
async function stopAll(jobs: readonly Startable[]): Promise<void> {
  const stops = await Promise.allSettled(jobs.map(async (job) => job.stop()));
  const reasons = stops.flatMap((stop) => (stop.status === 'rejected' ? [stop.reason as unknown] : []));
  if (reasons.length > 0)
    throw new AggregateError(reasons, `Jobs failed to stop: ${reasons.map(describeError).join('; ')}`);
}
