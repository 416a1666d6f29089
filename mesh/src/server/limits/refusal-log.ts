import type { Logger } from '../../telemetry/index.ts';

/** What is logged of refusals, by their reasons. */
interface RefusalWords<Reason extends string> {
  /** What is done, as `shedding`. */
  readonly what: string;
  /** Why, as `too many of its calls are under way`. */
  readonly reasons: Readonly<Record<Reason, string>>;
  /** How loud it is said at this moment. @default 'warn', at all times */
  readonly level?: () => 'debug' | 'info' | 'warn';
}

/** How often a summary is written, in milliseconds. */
const intervalMs = 1000;
/** After so many intervals without a refusal it is over. */
const quietIntervals = 3;

/** Logs refusals in summary: a line when they begin, one each second, and one when they are over. */
export class RefusalLog<Reason extends string> {
  readonly #log: Logger;
  readonly #words: RefusalWords<Reason>;
  /** Refusals of this interval, by procedure and reason. */
  #counts = new Map<string, Map<Reason, number>>();
  #refused = 0;
  #quiet = 0;
  /** Whether any of it was a warning. */
  #warned = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger, words: RefusalWords<Reason>) {
    this.#log = log;
    this.#words = words;
  }

  /** Whether calls were refused within the last seconds. */
  get active(): boolean {
    return this.#timer !== undefined;
  }

  add(procedure: string, reason: Reason): void {
    if (!this.#timer) {
      const { what, reasons } = this.#words;
      this.#say(
        { procedure, reason },
        `${what} begins, calls of ${procedure} are refused: ${reasons[reason]}`,
      );
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
      const level = this.#warned ? 'info' : 'debug';
      this.#warned = false;
      this.#log[level]({}, `${this.#words.what} is over: no call was refused in the last seconds`);
    }
  };

  #say(fields: Record<string, unknown>, message: string): void {
    const level = this.#words.level?.() ?? 'warn';
    this.#warned ||= level === 'warn';
    this.#log[level](fields, message);
  }

  #summarise(): void {
    const procedures = [...this.#counts].flatMap(([procedure, reasons]) =>
      [...reasons].map(([reason, refused]) => ({ procedure, reason, refused })),
    );
    const [most] = procedures.toSorted((a, b) => b.refused - a.refused);
    if (most) {
      const where = procedures.length > 1 ? `most of them ${most.procedure}` : most.procedure;
      const text = `${this.#words.what}: ${this.#refused} calls refused in the last second, ${where}: ${this.#words.reasons[most.reason]}`;
      this.#say({ refused: this.#refused, procedures }, text);
    }
    this.#counts.clear();
    this.#refused = 0;
  }
}
