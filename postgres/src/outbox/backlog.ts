import { setTimeout as delay } from 'node:timers/promises';
import { gauge } from '@arcadium/mesh/telemetry';
import { namesOf, type AnyOutbox } from './tables.ts';

/** Interval of the counts, in milliseconds. */
const everyMs = 10_000;
/** Most deliveries that are counted; more are shown as this many. */
const most = 10_000;

type Counts = Readonly<{ waiting: number; given_up: number; oldest_seconds: number }>;

const measured = new Set<Backlog>();

/** What an outbox holds, for the metrics: counted every ten seconds, absent while the database does not answer. */
export class Backlog {
  readonly service: string;
  counts: Counts | undefined;
  readonly #outbox: AnyOutbox;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(service: string, outbox: AnyOutbox) {
    this.service = service;
    this.#outbox = outbox;
  }

  start(): void {
    measured.add(this);
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    measured.delete(this);
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.counts = await this.#count().catch(() => undefined);
      await delay(everyMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Reads the indexes of what waits, by due time, and of what was given up. */
  async #count(): Promise<Counts | undefined> {
    const { deliveries } = namesOf(this.#outbox);
    const [counts] = await this.#outbox.database.query<Counts>(
      `SELECT * FROM (
        SELECT count(*)::int AS waiting,
          coalesce(extract(epoch FROM now() - min(waits_since)), 0)::float8 AS oldest_seconds
        FROM (
          SELECT waits_since FROM ${deliveries} WHERE failed_at IS NULL ORDER BY due_at, id LIMIT $1::int
        ) AS due_first
      ) AS waiting, (
        SELECT count(*)::int AS given_up
        FROM (SELECT FROM ${deliveries} WHERE failed_at IS NOT NULL LIMIT $1::int) AS failed
      ) AS given_up`,
      [most],
    );
    return counts;
  }
}

function gaugeOf(name: string, help: string, read: (counts: Counts) => number): void {
  gauge({ name, help, labels: ['service'] }, (set) => {
    for (const { service, counts } of measured) if (counts) set({ service }, read(counts));
  });
}

gaugeOf(
  'outbox_waiting',
  `Deliveries of the outbox that wait, in all processes; at most ${most} are counted`,
  ({ waiting }) => waiting,
);
gaugeOf(
  'outbox_oldest_seconds',
  `How long the oldest delivery of the outbox has waited, among the ${most} that are due first, in seconds; 0 if none waits`,
  ({ oldest_seconds: seconds }) => Math.max(0, seconds),
);
gaugeOf(
  'outbox_given_up_kept',
  `Deliveries of the outbox that were given up and wait for an administrator, in all processes; at most ${most} are counted`,
  ({ given_up: givenUp }) => givenUp,
);
