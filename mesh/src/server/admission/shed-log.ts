import type { Logger } from '../../telemetry/index.ts';

/** Why a call was not begun. */
export type RefusalReason = 'limit' | 'queue' | 'event-loop';

const words: Readonly<Record<RefusalReason, string>> = {
  limit: 'too many of its calls are under way',
  queue: 'they would have begun too late',
  'event-loop': 'somebody blocks the event loop',
};

/** How often a summary is written, in milliseconds. */
const intervalMs = 1000;
/** After so many intervals without a refusal it is over. */
const quietIntervals = 3;

/** Logs refusals in summary: a line when they begin, one each second, and one when they are over. */
export class ShedLog {
  readonly #log: Logger;
  /** Refusals of this interval, by procedure and reason. */
  #counts = new Map<string, Map<RefusalReason, number>>();
  #refused = 0;
  #quiet = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether calls were refused within the last seconds. */
  get active(): boolean {
    return this.#timer !== undefined;
  }

  add(procedure: string, reason: RefusalReason): void {
    if (!this.#timer) {
      this.#log.warn({ procedure, reason }, `shedding begins: calls of ${procedure}, ${words[reason]}`);
      this.#timer = setInterval(this.#onInterval, intervalMs).unref();
    }
    let reasons = this.#counts.get(procedure);
    if (!reasons) this.#counts.set(procedure, (reasons = new Map()));
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    this.#refused++;
  }

  /** Ends it, with what is not yet said. */
  stop(): void {
    if (this.#refused > 0) this.#summarise();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #onInterval = (): void => {
    if (this.#refused > 0) {
      this.#quiet = 0;
      this.#summarise();
    } else if (++this.#quiet === quietIntervals) {
      this.#quiet = 0;
      this.stop();
      this.#log.info({}, 'shedding is over: no call was refused in the last seconds');
    }
  };

  #summarise(): void {
    const procedures = [...this.#counts].flatMap(([procedure, reasons]) =>
      [...reasons].map(([reason, refused]) => ({ procedure, reason, refused })),
    );
    const [most] = procedures.toSorted((a, b) => b.refused - a.refused);
    if (most) {
      const where = procedures.length > 1 ? `most of them ${most.procedure}` : most.procedure;
      const text = `shedding: ${this.#refused} calls refused in the last second, ${where}, ${words[most.reason]}`;
      this.#log.warn({ refused: this.#refused, procedures }, text);
    }
    this.#counts.clear();
    this.#refused = 0;
  }
}
