import { Outage } from '@arcadium/mesh/telemetry';

import type { Logger } from '../logger.ts';
import { hasCode } from './database-errors.ts';

/**
 * Why PostgreSQL takes no write, by its SQLSTATE, and what to do then.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const reasons = [
  ['25006', 'is read-only', 'point DATABASE_URL at the primary'],
  ['53100', 'is out of disk space', 'free disk space'],
] as const;

type Reason = (typeof reasons)[number][1];

/** How long after a write that failed for want of room it is taken for full, in milliseconds: only another write tells. */
const fullForMs = 10_000;

/**
 * Whether a database takes writes. It does not while it is read-only, as one
 * that a fail-over left behind, nor while its disk is full; reads go on. That
 * it began and that it is over is said once each.
 */
export class Writes {
  readonly #schema: string;
  readonly #outage: Outage;
  readonly #now: () => number;
  #readOnly = false;
  #fullUntil = -Infinity;

  constructor(schema: string, log: Logger, now: () => number = () => performance.now()) {
    this.#schema = schema;
    this.#outage = new Outage(log);
    this.#now = now;
  }

  /** Tells what a session is: of a read-only one, `transaction_read_only` is on. */
  observe(readOnly: boolean): void {
    this.#readOnly = readOnly;
    this.#say();
  }

  /** Tells of a call that failed. @returns Why it takes no writes, if that is what it failed for. */
  failed(error: unknown): Reason | undefined {
    const reason = reasons.find(([code]) => hasCode(error, new Set([code])))?.[1];
    if (reason === 'is read-only') this.#readOnly = true;
    if (reason === 'is out of disk space') this.#fullUntil = this.#now() + fullForMs;
    if (reason) this.#say();
    return reason;
  }

  /** Whether it takes them, as far as is known. */
  get taken(): boolean {
    this.#say();
    return this.#reason === undefined;
  }

  get #reason(): Reason | undefined {
    if (this.#readOnly) return 'is read-only';
    return this.#now() < this.#fullUntil ? 'is out of disk space' : undefined;
  }

  #say(): void {
    const fields = { schema: this.#schema };
    const reason = this.#reason;
    if (reason) {
      const remedy = reasons.find(([, name]) => name === reason)?.[2];
      this.#outage.begin(fields, `the database ${reason}: calls that write are refused; ${remedy}`);
    } else this.#outage.end(fields, 'the database takes writes again');
  }
}
