import { FairQueue } from './fair-queue.ts';

/** What waits to be begun. */
export interface Waiting {
  /** What it shares with others that wait: sources take turns. */
  readonly source: unknown;
  /** Whether it goes before what is not. */
  readonly urgent: boolean;
  /**
   * Its turn has come; called once.
   *
   * @param now On the queue's clock.
   * @param standingMs For how long there has always been something that waited, in milliseconds.
   * @returns Whether it has begun; `false` if it is not worth it any more.
   */
  onTurn(now: number, standingMs: number): boolean;
}

export interface TurnQueueOptions {
  /** Calls back in the next turn of the event loop, and lets microtasks run before the next callback: `setImmediate`. */
  nextTurn: (run: () => void) => void;
  /** How long one turn of the event loop may begin things, in milliseconds. @default 10 */
  turnMs?: number;
  /** The clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** So many steps begin things in one turn at most, and each gives up so many. */
const stepsPerTurn = 32;
const dropsPerStep = 128;
/** What takes little is begun so many at a time, as long as all of it together takes no longer than so much, in milliseconds: their answers then leave together. */
const mostTogether = 16;
const stepMs = 1;

/**
 * Spreads what arrives at once over several turns of the event loop, so that
 * what others wait for (a health check, say) comes in between: once a turn has
 * begun things for as long as it may, the rest waits for the next.
 *
 * Nothing tells code in which turn it runs, and a callback for each turn would
 * cost more than the call that it is for. So for half of the time nobody asks;
 * then a callback is left that tells when the turn is over, and the other half
 * is what is left of this turn, if it is the same.
 *
 * Things are begun one or a few in a callback of their own: they may go on in
 * microtasks, and their time is the turn's too.
 */
export class TurnQueue {
  readonly #nextTurn: (run: () => void) => void;
  readonly #turnMs: number;
  readonly #now: () => number;
  readonly #urgent = new FairQueue<Waiting>();
  readonly #others = new FairQueue<Waiting>();
  #length = 0;
  /** Since when something has waited. */
  #standingSince = 0;
  /** Since when things are begun without a question. */
  #since = -Infinity;
  /** Callbacks of the next turn that are not yet called. */
  #steps = 0;
  /** Whether the callbacks of the present turn are being called. */
  #stepping = false;
  /** How many the present step has begun, and when. */
  #begun = 0;
  #stepAt = 0;
  /** How many a step may begin. */
  #batch = 1;

  constructor({ nextTurn, turnMs = 10, now = () => performance.now() }: TurnQueueOptions) {
    this.#nextTurn = nextTurn;
    this.#turnMs = turnMs;
    this.#now = now;
  }

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /** Whether something may begin at once; else it is to wait. @param now On the queue's clock. */
  mayBegin(now: number): boolean {
    if (this.#length > 0) return false;
    if (now - this.#since < this.#turnMs / 2) return true;
    if (this.#steps > 0) return false;
    this.#since = now;
    this.#schedule(1);
    return true;
  }

  /** Lets it wait for its turn. */
  push(waiting: Waiting): void {
    (waiting.urgent ? this.#urgent : this.#others).push(waiting.source, waiting);
    if (this.#length++ === 0) this.#standingSince = this.#now();
    if (this.#steps < Math.min(this.#length, stepsPerTurn) && !this.#stepping) this.#schedule(1);
  }

  #schedule(steps: number): void {
    this.#steps += steps;
    for (let step = 0; step < steps; step++) this.#nextTurn(this.#onStep);
  }

  readonly #onStep = (): void => {
    const now = this.#now();
    if (!this.#stepping) {
      this.#stepping = true;
      this.#since = now;
    } else this.#adapt(now);
    this.#steps--;
    this.#begun = 0;
    this.#stepAt = now;
    if (now - this.#since < this.#turnMs) this.#beginSome(now);
    if (this.#steps > 0) return;
    this.#stepping = false;
    if (this.#length > 0) this.#schedule(Math.min(this.#length, stepsPerTurn));
    else this.#since = this.#now();
  };

  /** What the last step took, microtasks included, says how many this one may begin. */
  #adapt(now: number): void {
    if (this.#begun === 0) return;
    const eachMs = (now - this.#stepAt) / this.#begun;
    this.#batch = eachMs * mostTogether <= stepMs ? mostTogether : Math.max(1, Math.floor(stepMs / eachMs));
  }

  #beginSome(now: number): void {
    for (let drops = 0; this.#length > 0 && drops < dropsPerStep;) {
      const waiting = this.#urgent.shift() ?? this.#others.shift();
      if (!waiting) return;
      this.#length--;
      if (!waiting.onTurn(now, now - this.#standingSince)) drops++;
      else if (++this.#begun >= this.#batch) return;
    }
  }
}
