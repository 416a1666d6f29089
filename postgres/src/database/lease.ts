import { callbackify } from 'node:util';

import { within } from '@arcadium/mesh/config';
import type { Span } from '@arcadium/mesh/telemetry';
import type { PoolClient } from 'pg';

import { requestCancel } from './cancel-request.ts';
import { traceQueries } from './statement-span.ts';

/**
 * A statement that ends within this time after its call, in milliseconds, is not cancelled: a cancellation costs its
 * connection, and a new one costs PostgreSQL and this process as much as hundreds of short statements.
 */
const patienceMs = 50;

/**
 * The request may reach the session before the statement does: while that runs, it is repeated at this
 * interval, in milliseconds.
 */
const againMs = 100;

/** Statements that end a transaction: always sent and never cancelled, so that the outcome is known. */
const ending = /^\s*(?:commit|rollback(?!\s+to\b))\b/i;

type Callback = (error: Error | null, result: unknown) => void;
type Query = (...given: unknown[]) => unknown;

/**
 * The error of a statement that is not sent because its call is over, with PostgreSQL's code for a cancelled
 * one.
 */
export class CallOverError extends Error {
  readonly code = '57014';
  // By which Prisma's adapter recognises errors of PostgreSQL.
  readonly severity = 'ERROR';

  constructor(signal: AbortSignal) {
    super('the call that this statement is for is over', { cause: signal.reason });
  }
}

/**
 * A pool connection lent to one call until it is returned. When the call is over, no other statement is sent
 * except the end of the transaction, and one that is still running a moment later is cancelled in the server.
 *
 * A cancellation in progress never hits another statement: the next one of this call waits for it, and a
 * connection returned meanwhile is closed.
 */
export class Lease {
  readonly #client: PoolClient;
  readonly #signal: AbortSignal;
  readonly #query: Query;
  /** Number of sent statements that may be cancelled. */
  #running = 0;
  #ending = false;
  #returned = false;
  #cancelling: Promise<void> | undefined;
  #onSettled: (() => void) | undefined;

  /** Lends a connection that the pool has just provided. @param to.span Of the call, if it is traced. */
  static begin(client: PoolClient, { signal, span }: { signal: AbortSignal; span: Span | undefined }): void {
    const lease = new Lease(client, signal, span);
    const { query, release } = client;
    const onOver = (): void => void lease.#cancelIfLong();
    signal.addEventListener('abort', onOver);
    client.query = ((...given: unknown[]) => lease.#run(given)) as PoolClient['query'];
    client.release = (error) => {
      signal.removeEventListener('abort', onOver);
      client.query = query;
      client.release = release;
      release(error ?? (lease.#cancelling !== undefined || (signal.aborted && lease.#running > 0)));
      lease.#returned = true;
    };
  }

  private constructor(client: PoolClient, signal: AbortSignal, span: Span | undefined) {
    this.#client = client;
    this.#signal = signal;
    const query: Query = client.query.bind(client);
    this.#query = span ? traceQueries(query, span) : query;
  }

  #run(given: unknown[]): unknown {
    const last = given.at(-1);
    if (typeof last !== 'function') return this.#send(given);
    if (this.#signal.aborted || ending.test(textOf(given[0]))) {
      callbackify(() => this.#send(given.slice(0, -1)))(last as Callback);
      return undefined;
    }
    // As #send does it, without promises: every statement of the pool itself comes this way.
    this.#running += 1;
    return this.#query(...given.slice(0, -1), (error: Error | null, result: unknown) => {
      this.#settle();
      (last as Callback)(error, result);
    });
  }

  async #send(given: unknown[]): Promise<unknown> {
    if (ending.test(textOf(given[0]))) {
      this.#ending = true;
      await this.#cancelling;
      return this.#query(...given);
    }
    if (this.#signal.aborted) throw new CallOverError(this.#signal);
    this.#running += 1;
    try {
      return await this.#query(...given);
    } finally {
      this.#settle();
    }
  }

  #settle(): void {
    this.#running -= 1;
    this.#onSettled?.();
  }

  async #cancelIfLong(): Promise<void> {
    if (this.#running > 0) await within(() => this.#settled(), { ms: patienceMs, onLate: () => {} });
    if (this.#running === 0 || this.#ending || this.#returned) return;
    this.#cancelling = this.#repeatCancel().finally(() => (this.#cancelling = undefined));
  }

  async #repeatCancel(): Promise<void> {
    while (this.#running > 0 && !this.#ending) {
      if (!(await requestCancel(this.#client))) {
        // It may still arrive, whatever the session does then.
        this.#client.connection.stream.destroy(new Error('a statement could not be cancelled'));
        return;
      }
      if (this.#running > 0) await within(() => this.#settled(), { ms: againMs, onLate: () => {} });
    }
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => (this.#onSettled = resolve));
  }
}

function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement;
  const text: unknown = (statement as { text?: unknown } | undefined)?.text;
  return typeof text === 'string' ? text : '';
}
