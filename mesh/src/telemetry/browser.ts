import type { Tracer } from './tracing.ts';
import type { LoggerOptions, Logger, LogLevel, LogLine } from './logger.ts';

export { Outage } from './outage.ts';
export { startupLevel } from './startup.ts';

// What a client uses of the telemetry, in a browser: package.json has bundlers take this instead of index.ts.
// There is one user and no handler, so calls have no scope, metrics are not kept, and lines go to the console.

const nothing = (): void => {};
const metric = { labels: () => ({ inc: nothing, observe: nothing }) };

export const counter = () => metric;
export const durations = () => metric;
export const tally = () => metric;
/** Caches the results of a function of a name: binding labels to a metric costs more than observing a value. */
export function remember<Bound>(bind: (name: string) => Bound): (name: string) => Bound {
  const bound = new Map<string, Bound>();
  return (name) => {
    let found = bound.get(name);
    if (found === undefined) {
      found = bind(name);
      bound.set(name, found);
    }
    return found;
  };
}

export const currentScope = (): undefined => undefined;
export const tracing: { tracer: Tracer | undefined } = { tracer: undefined };

export const decisions = { hasSubscribers: false };
export const tell = nothing;
export const watchTarget = () => nothing;

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** A logger that writes to the console. */
export function createLogger({ service, level = 'info' }: LoggerOptions): Logger {
  const lowest = levels.indexOf(level);
  const at = (name: Exclude<LogLevel, 'silent'>, own: Record<string, unknown>): LogLine =>
    // oxlint-disable-next-line no-console -- it is where a page logs
    levels.indexOf(name) < lowest
      ? nothing
      : (fields, message) => console[name](message, { ...own, ...fields });
  const make = (own: Record<string, unknown>): Logger => ({
    debug: at('debug', own),
    info: at('info', own),
    warn: at('warn', own),
    error: at('error', own),
    child: (fields) => make({ ...own, ...fields }),
  });
  return make({ service });
}
