import { Aggregator, startupLevel, type Logger } from '../../telemetry/index.ts';

/** The words of a log of refusals. */
interface RefusalWords<Reason extends string> {
  /** For example `shedding`. */
  readonly what: string;
  readonly reasons: Readonly<Record<Reason, string>>;
  /** @default 'warn' */
  readonly level?: () => 'debug' | 'info' | 'warn';
}

/** Why a call was refused for lack of capacity. */
export type ShedReason = 'limit' | 'queue' | 'room' | 'subscriptions';

export const shedWords: RefusalWords<ShedReason> = {
  what: 'shedding',
  // A starting process blocks its own event loop.
  level: () => startupLevel('debug'),
  reasons: {
    limit: 'too many of its calls are in progress',
    queue: 'they would have started too late',
    room: 'the resources of their handler are in use',
    subscriptions: 'one caller has too many open',
  },
};

type Refused<Reason> = Readonly<{ procedure: string; reason: Reason }>;

/** Logs refusals in summary: a line when they begin, one a second, and one when they are over. */
export class RefusalLog<Reason extends string> {
  readonly #log: Logger;
  readonly #words: RefusalWords<Reason>;
  readonly #refusals = new Aggregator<Refused<Reason>>({
    periodMs: 1000,
    quietPeriods: 3,
    report: (first) => this.#report(first),
    ended: () => this.#end(),
  });
  /** Refusals since the last summary, by procedure and reason. */
  #counts = new Map<string, Map<Reason, number>>();
  #refused = 0;
  #warned = false;

  constructor(log: Logger, words: RefusalWords<Reason>) {
    this.#log = log;
    this.#words = words;
  }

  /** Whether calls were refused within the last seconds. */
  get active(): boolean {
    return this.#refusals.size > 0;
  }

  add(procedure: string, reason: Reason): void {
    this.#refusals.add('', { procedure, reason });
    let reasons = this.#counts.get(procedure);
    if (!reasons) this.#counts.set(procedure, (reasons = new Map()));
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    this.#refused++;
  }

  /** Logs a last summary. */
  stop(): void {
    this.#refusals.flush();
    this.#clear();
  }

  #report({ procedure, reason }: Refused<Reason>): void {
    const { what, reasons } = this.#words;
    if (this.#refused > 0) this.#summarise();
    else
      this.#say(
        { procedure, reason },
        `${what} begins, calls of ${procedure} are refused: ${reasons[reason]}`,
      );
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
    this.#clear();
  }

  #end(): void {
    this.#clear();
    const level = this.#warned ? 'info' : 'debug';
    this.#warned = false;
    this.#log[level]({}, `${this.#words.what} is over: no call was refused in the last seconds`);
  }

  #clear(): void {
    this.#counts.clear();
    this.#refused = 0;
  }

  #say(fields: Record<string, unknown>, message: string): void {
    const level = this.#words.level?.() ?? 'warn';
    this.#warned ||= level === 'warn';
    this.#log[level](fields, message);
  }
}
