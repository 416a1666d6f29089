import type { Logger } from './logger.ts';
import { isStopping, startupLeftMs } from './startup.ts';

/** A logger; without `debug`, debug lines are left out. */
export type OutageLogger = Pick<Logger, 'info' | 'warn'> & Partial<Pick<Logger, 'debug'>>;

type Line = readonly [fields: Record<string, unknown>, message: string];

/**
 * Logs once when a dependency of this process becomes unavailable, and once
 * when it is available again, however often it is tried in between.
 *
 * Within the startup grace, a dependency that has not been available yet may
 * still be starting: that is a debug line, and a warning only if it is still
 * unavailable when the grace ends. While this process stops, its dependencies
 * may be stopping too: that is a debug line.
 *
 * @example
 * const outage = new Outage(log);
 * await fetch('https://mail.example').then(
 *   () => outage.end({}, 'the mail server is back'),
 *   (error: unknown) => outage.begin({ error: describeError(error) }, 'the mail server is away'),
 * );
 */
export class Outage {
  readonly #log: OutageLogger;
  #mode: 'unknown' | 'works' | 'starting' | 'away' = 'unknown';
  #latest: Line | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: OutageLogger) {
    this.#log = log;
  }

  /** Whether the last attempt failed. */
  get away(): boolean {
    return this.#mode === 'starting' || this.#mode === 'away';
  }

  /** Reports a failure. Of several, the first is logged; at the end of the grace, the latest. */
  begin(...line: Line): void {
    this.#latest = line;
    if (this.away) return;
    if (isStopping()) {
      this.#log.debug?.(...line);
      return;
    }
    const leftMs = this.#mode === 'unknown' ? startupLeftMs() : 0;
    if (leftMs === 0) return this.#warn();
    this.#mode = 'starting';
    this.#log.debug?.(...line);
    this.#timer = setTimeout(() => this.#warn(), leftMs).unref();
  }

  /** Reports a success. */
  end(...line: Line): void {
    if (this.#mode === 'away') this.#log.info(...line);
    else if (this.#mode === 'starting') this.#log.debug?.(...line);
    clearTimeout(this.#timer);
    this.#mode = 'works';
  }

  /** Ends the wait for the end of the grace: the dependency is no longer used. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #warn(): void {
    this.#mode = 'away';
    if (this.#latest) this.#log.warn(...this.#latest);
  }
}
