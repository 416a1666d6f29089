import { within } from '../resilience/index.ts';
import { revocationEvents } from './revocation-metrics.ts';
import type { RevocationLedger, Taken } from './revocation-ledger.ts';
import { longestPageMs, revocationEvent, type RevocationSource } from './revocation-source.ts';

/** How often a source is asked, in milliseconds. */
const pollEveryMs = 1000;

/** What polls take part in. */
export interface PollOptions {
  readonly source: RevocationSource;
  readonly ledger: RevocationLedger;
  /** Told after each page. */
  onTaken(taken: Taken): void;
  /** Told that a poll failed. */
  onFailed(reason: unknown): void;
}

/** Asks a source each second what is new, from `start` to `stop`; one question at a time, whatever happens. */
export class RevocationPoll {
  readonly #options: PollOptions;
  #wanted = false;
  #asking: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PollOptions) {
    this.#options = options;
  }

  /** Asks at once, and each second from then on. */
  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    // One that was stopped may still have to end: the first question comes after it.
    if (!this.#asking) this.#ask();
  }

  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#asking?.abort(new Error('polling was stopped'));
  }

  #ask(): void {
    const asking = new AbortController();
    const begin = performance.now();
    this.#asking = asking;
    this.#readAll(asking.signal)
      .catch((error: unknown) => {
        if (!asking.signal.aborted) this.#options.onFailed(error);
      })
      .finally(() => {
        this.#asking = undefined;
        if (!this.#wanted) return;
        // One that was stopped, and is wanted again, has no second to wait.
        const waitMs = asking.signal.aborted ? 0 : Math.max(0, begin + pollEveryMs - performance.now());
        this.#timer = setTimeout(() => this.#ask(), waitMs).unref();
      });
  }

  /** Page by page, until nothing more is there. */
  async #readAll(signal: AbortSignal): Promise<void> {
    const { source, ledger, onTaken } = this.#options;
    let reader = ledger.reader();
    for (;;) {
      const { after } = reader;
      const page = revocationEvent.parse(
        await within((limit) => source.list(after, limit), { ms: longestPageMs, signal }),
      );
      revocationEvents.inc({ by: 'list' });
      const taken = ledger.take(page, reader);
      onTaken(taken);
      if (taken === 'void') reader = ledger.reader();
      else if (page.complete) return;
      else if (reader.after <= after && !page.reset)
        throw new Error(`the source has more after position ${after}, but did not return it`);
    }
  }
}
