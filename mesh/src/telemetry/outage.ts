import type { Logger } from './logger.ts';
import { startupLeftMs } from './startup.ts';

/** What an outage is told to; one without `debug` gets no debug lines. */
export type OutageLogger = Pick<Logger, 'info' | 'warn'> & Partial<Pick<Logger, 'debug'>>;

type Line = readonly [fields: Record<string, unknown>, message: string];

/**
 * Says in the log that something this process depends on is away, and that it
 * is back: once each, however often it is tried in between.
 *
 * What has not worked yet within the startup grace of the process is taken for
 * still starting: that is a debug line, and becomes a warning only where it is
 * still away when the grace ends.
 */
export class Outage {
  readonly #log: OutageLogger;
  #mode: 'unknown' | 'works' | 'starting' | 'away' = 'unknown';
  #latest: Line | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: OutageLogger) {
    this.#log = log;
  }

  /** Whether it was away when it was tried last. */
  get away(): boolean {
    return this.#mode === 'starting' || this.#mode === 'away';
  }

  /** Tells that it is away; of several reasons the first is said, or the latest at the end of the grace. */
  begin(...line: Line): void {
    this.#latest = line;
    if (this.away) return;
    const leftMs = this.#mode === 'unknown' ? startupLeftMs() : 0;
    if (leftMs === 0) return this.#warn();
    this.#mode = 'starting';
    this.#log.debug?.(...line);
    this.#timer = setTimeout(() => this.#warn(), leftMs).unref();
  }

  /** Tells that it works. */
  end(...line: Line): void {
    if (this.#mode === 'away') this.#log.info(...line);
    else if (this.#mode === 'starting') this.#log.debug?.(...line);
    clearTimeout(this.#timer);
    this.#mode = 'works';
  }

  /** Says no more of it: it is no longer used. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #warn(): void {
    this.#mode = 'away';
    if (this.#latest) this.#log.warn(...this.#latest);
  }
}
