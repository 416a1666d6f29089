import { within } from '../../resilience/index.ts';
import type { RevocationLedger, Taken } from './ledger.ts';
import { heartbeatMs, revocationEvent, type RevocationSource } from './source.ts';
import { revocationEvents } from './status.ts';

export interface PollOptions {
  readonly source: RevocationSource;
  readonly ledger: RevocationLedger;
  /** Called after each page. */
  onTaken(taken: Taken): void;
  onFailed(reason: unknown): void;
}

/** Polls a source once a second from `start` to `stop`, one poll at a time. */
export class RevocationPoll {
  readonly #options: PollOptions;
  #wanted = false;
  #asking: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PollOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    // Otherwise the poll that `stop` has ended is still returning.
    if (!this.#asking) this.#ask();
  }

  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#asking?.abort(new Error('polling was stopped'));
  }

  #ask(): void {
    const begin = performance.now();
    const asking = new AbortController();
    const { signal } = asking;
    this.#asking = asking;
    this.#readAll(signal)
      .catch((error: unknown) => signal.aborted || this.#options.onFailed(error))
      .finally(() => {
        this.#asking = undefined;
        if (!this.#wanted) return;
        const waitMs = signal.aborted ? 0 : Math.max(0, begin + heartbeatMs - performance.now());
        this.#timer = setTimeout(() => this.#ask(), waitMs).unref();
      });
  }

  /** Reads page by page up to the end of the list. */
  async #readAll(signal: AbortSignal): Promise<void> {
    const { source, ledger, onTaken } = this.#options;
    let reader = ledger.reader();
    for (;;) {
      const { after } = reader;
      const page = revocationEvent.parse(
        await within((limit) => source.list(after, limit), { ms: heartbeatMs, signal }),
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
