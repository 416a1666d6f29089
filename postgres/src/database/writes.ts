import { Outage } from '@arcadium/mesh/telemetry';

import type { Logger } from '../logger.ts';
import { hasCode } from './database-errors.ts';

/**
 * Why PostgreSQL takes no writes, by SQLSTATE, and the remedy.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const reasons = [
  ['25006', 'is read-only', 'point DATABASE_URL at the primary'],
  ['53100', 'is out of disk space', 'free disk space'],
] as const;

type Reason = (typeof reasons)[number][1];

/** How long the disk counts as full after a failed write, in milliseconds: only another write can tell. */
const fullForMs = 10_000;

/**
 * Whether a database takes writes. It does not while it is read-only, for example after a failover, or while
 * its disk is full; reads continue. Logs the beginning and the end once each.
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

  /** Reports the state of a session: `transaction_read_only` is on if it is read-only. */
  observe(readOnly: boolean): void {
    this.#readOnly = readOnly;
    this.#say();
  }

  /** Reports a failed call. @returns Why the database takes no writes, if the call failed for that. */
  failed(error: unknown): Reason | undefined {
    const reason = reasons.find(([code]) => hasCode(error, new Set([code])))?.[1];
    if (reason === 'is read-only') this.#readOnly = true;
    if (reason === 'is out of disk space') this.#fullUntil = this.#now() + fullForMs;
    if (reason) this.#say();
    return reason;
  }

  /** Whether it takes writes, as far as known. */
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
