import { RateLimiterPostgres, RateLimiterRes, RateLimiterValkey } from 'rate-limiter-flexible';
import type { RateLimit } from '../../contract/index.ts';
import { within } from '../../resilience/index.ts';
import { describeError, Outage, type Logger } from '../../telemetry/index.ts';
import { MemoryWindows, type Windows } from './windows.ts';

/** The pool of a service's own database, as pg makes it. */
export interface PostgresPool {
  query(statement: { text: string; values?: unknown[] }): Promise<unknown>;
}

/** Counts one call of a limit; rejects with a RateLimiterRes where it is one too many. */
type Counter = {
  consume(key: string): Promise<RateLimiterRes>;
  /** Forgets what was counted. */
  delete(key: string): Promise<unknown>;
};

/** Where replicas count together. */
interface CallStore {
  counterOf(limit: RateLimit): Counter;
  close(): Promise<void>;
}

/** Longest wait for the store, in milliseconds: no call is held up for longer. */
const patienceMs = 250;
/** For so long after it has failed the store is not asked, in milliseconds. */
const restMs = 5000;

/**
 * Counts the calls of all replicas together, in a store. While that does not
 * answer, each process counts its own: a limit refuses nobody because the
 * store is away.
 */
export class SharedWindows implements Windows {
  readonly #store: CallStore;
  readonly #outage: Outage;
  readonly #own = new MemoryWindows();
  readonly #counters = new Map<string, Counter>();
  #awayUntil = 0;

  constructor(store: CallStore, log: Logger) {
    this.#store = store;
    this.#outage = new Outage(log);
  }

  /** Whether the store did not answer when it was asked last. */
  get away(): boolean {
    return this.#outage.away;
  }

  async take(key: string, limit: RateLimit): Promise<number | undefined> {
    if (performance.now() < this.#awayUntil) return this.#own.take(key, limit);
    try {
      await withinPatience(this.#counterOf(limit).consume(key));
      this.#isBack();
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof RateLimiterRes)) {
        this.#isAway(thrown);
        return this.#own.take(key, limit);
      }
      this.#isBack();
      if (thrown.msBeforeNext <= limit.perMs) return thrown.msBeforeNext;
      // It lasts longer than a window does: it began under a clock that was ahead, here or in another replica.
      await withinPatience(this.#counterOf(limit).delete(key)).catch((error: unknown) => this.#isAway(error));
      return this.#own.take(key, limit);
    }
  }

  close(): Promise<void> {
    this.#outage.close();
    return this.#store.close();
  }

  #counterOf(limit: RateLimit): Counter {
    const name = `${limit.calls}/${limit.perMs}`;
    let counter = this.#counters.get(name);
    if (!counter) this.#counters.set(name, (counter = this.#store.counterOf(limit)));
    return counter;
  }

  #isAway(thrown: unknown): void {
    this.#awayUntil = performance.now() + restMs;
    this.#outage.begin(
      { reason: describeError(thrown) },
      'RATE_LIMIT_STORE does not answer: until it does, each process counts its own calls',
    );
  }

  #isBack(): void {
    this.#outage.end({}, 'RATE_LIMIT_STORE answers again');
  }
}

function withinPatience<Result>(work: Promise<Result>): Promise<Result> {
  return within(() => work, { ms: patienceMs });
}

/** What is the same in every store: who is over the limit is refused by this process until the window ends, and costs the store nothing. */
const optionsOf = ({ calls, perMs }: RateLimit) => ({
  points: calls,
  duration: perMs / 1000,
  inMemoryBlockOnConsumed: calls,
  keyPrefix: 'calls',
});

/** Counts in the table `rate_limits` of the service's own schema. */
export function createPostgresStore(pool: PostgresPool): CallStore {
  // One for all limits would do to clear out what is over; the first one does it.
  let clears = true;
  // Its statements have names, which a session keeps: behind a connection pooler it is another session each time.
  const unnamed: PostgresPool = { query: ({ text, values = [] }) => pool.query({ text, values }) };
  return {
    counterOf(limit) {
      const counter = new RateLimiterPostgres({
        ...optionsOf(limit),
        storeClient: unnamed,
        storeType: 'pool',
        tableName: 'rate_limits',
        // The migrations make it: the role of traffic may not.
        tableCreated: true,
        clearExpiredByTimeout: clears,
      });
      clears = false;
      return counter;
    },
    close: async () => {},
  };
}

/** Of Valkey and of Redis, whose scripts have no other name for it. */
const countScript = `
redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
local consumed = redis.call('incrby', KEYS[1], ARGV[1])
return {consumed, redis.call('pttl', KEYS[1])}`;

/** Counts in a Valkey, or a Redis. @param url As `valkey://host:port`. */
export async function createValkeyStore(url: URL): Promise<CallStore> {
  // Only where one is used: nobody else pays for the client.
  const { Valkey } = await import('iovalkey');
  const client = new Valkey(url.href.replace(/^valkey/, 'redis'), {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    retryStrategy: (attempt) => Math.min(attempt * 200, 5000),
  });
  // Unheard they would end up on standard error, one for each attempt; calls that fail tell.
  client.on('error', () => {});
  return {
    counterOf: (limit) =>
      new RateLimiterValkey({
        ...optionsOf(limit),
        storeClient: client,
        rejectIfValkeyNotReady: true,
        customIncrTtlLuaScript: countScript,
      }),
    close: async () => client.disconnect(),
  };
}
