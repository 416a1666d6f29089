import type { PoolClient } from 'pg';

import { nameOf } from './statement-name.ts';

/** The runs of one statement by this process; times in milliseconds. */
export interface StatementFigures {
  /** Its name, else its operation and table, such as `SELECT pages`. */
  name: string;
  calls: number;
  /** Those of the calls that ended with an error. */
  failures: number;
  total_ms: number;
  mean_ms: number;
  longest_ms: number;
}

interface Runs {
  calls: number;
  failures: number;
  totalMs: number;
  longestMs: number;
}

/** Most names that are told apart; further ones share the name `other`. */
export const mostStatements = 200;

/** How often statements ran, and how long, from sending to the end of the answer. It keeps neither texts nor values. */
export class StatementTable {
  readonly #byName = new Map<string, Runs>();

  add(name: string, ms: number, failed: boolean): void {
    const runs = this.#of(name);
    runs.calls += 1;
    if (failed) runs.failures += 1;
    runs.totalMs += ms;
    if (ms > runs.longestMs) runs.longestMs = ms;
  }

  /** Those with the most total time, most first. */
  longest(count: number): StatementFigures[] {
    return [...this.#byName]
      .toSorted(([, a], [, b]) => b.totalMs - a.totalMs)
      .slice(0, count)
      .map(([name, { calls, failures, totalMs, longestMs }]) => ({
        name,
        calls,
        failures,
        total_ms: rounded(totalMs),
        mean_ms: rounded(totalMs / calls),
        longest_ms: rounded(longestMs),
      }));
  }

  #of(name: string): Runs {
    const known = this.#byName.get(name);
    if (known) return known;
    const key = this.#byName.size < mostStatements - 1 ? name : 'other';
    let runs = this.#byName.get(key);
    if (!runs) this.#byName.set(key, (runs = { calls: 0, failures: 0, totalMs: 0, longestMs: 0 }));
    return runs;
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

type Query = (...given: unknown[]) => unknown;
type Callback = (error: unknown, result: unknown) => void;

/** Adds each statement of a connection to a table. */
export function measureStatements(client: PoolClient, table: StatementTable): void {
  const query: Query = client.query.bind(client);
  const measured: Query = (...given) => {
    const name = nameOf(given[0]);
    const startedAt = performance.now();
    const end = (error: unknown): void => table.add(name, performance.now() - startedAt, Boolean(error));
    const last = given.at(-1);
    if (typeof last === 'function') {
      given[given.length - 1] = (error: unknown, result: unknown): void => {
        end(error);
        (last as Callback)(error, result);
      };
      return query(...given);
    }
    const running = query(...given);
    if (running instanceof Promise)
      running.then(
        () => end(undefined),
        (error: unknown) => end(error ?? true),
      );
    return running;
  };
  client.query = measured as PoolClient['query'];
}
