import { flushCompileCache } from 'node:module';
import { ConfigError } from '../config/index.ts';
import { beginStartup, beginStop, measureProcess } from '../telemetry/index.ts';
import type { StartedService } from './start-service.ts';

/** Signals within this time count as one, in milliseconds: Ctrl-C reaches a process from the terminal and from its parent. */
const sameSignalMs = 1000;

/**
 * Runs a service as a process: starts it, and on SIGTERM or SIGINT stops it and exits 0. A second signal more than 1 s
 * later, or a failing stop, exits 1 at once.
 *
 * For the first ten seconds, and while the process stops, failures that are expected then are not logged as warnings. A failing start,
 * for example an invalid configuration or a port in use, is printed on standard error, and the process exits 1.
 *
 * @param start Gets a signal that fires when the process must end.
 *
 * @example
 * run(async (ending) => {
 *   const resources = new AsyncDisposableStack();
 *   return startService(shopContract, handlers, { ...options, ending, resources });
 * });
 */
export function run(start: (ending: AbortSignal) => Promise<Pick<StartedService, 'stop'>>): void {
  beginStartup();
  measureProcess();
  const ending = new AbortController();
  let stoppingSince: number | undefined;

  const started = (async () => start(ending.signal))();
  // By itself Node writes its compile cache only when a process exits, which one that is killed never does.
  started.then(
    () => flushCompileCache(),
    (error: unknown) => {
      if (!ending.signal.aborted) fail(explain(error));
    },
  );

  const stop = (): void => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > sameSignalMs) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    beginStop();
    ending.abort();
    started
      .then(
        (service) => service.stop(),
        () => undefined,
      )
      .then(
        () => process.exit(0),
        (error: unknown) => fail(explain(error)),
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (isPortTaken(error)) {
    return `Port ${error.port} is taken: set this service's own *_SERVICE_URL in .env, or PORT in its .env (README, "Ports")`;
  }
  // The start failed, and then the clean-up.
  if (isSuppressed(error)) return `${explain(error.suppressed)}\n${explain(error.error)}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Node 22 does not have the class. */
function isSuppressed(error: unknown): error is { suppressed: unknown; error: unknown } {
  return error instanceof Error && error.name === 'SuppressedError';
}

function isPortTaken(error: unknown): error is NodeJS.ErrnoException & { port: number } {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
