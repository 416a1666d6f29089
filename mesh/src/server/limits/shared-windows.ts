import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { RateLimiterPostgres, RateLimiterRes, RateLimiterValkey } from 'rate-limiter-flexible';
import { serverFields, SettingFile } from '../../config/index.ts';
import type { RateLimit } from '../../contract/index.ts';
import { within } from '../../resilience/index.ts';
import { describeError, Outage, type Logger } from '../../telemetry/index.ts';
import { MemoryWindows, type Windows } from './windows.ts';

/** A pool of `pg`. */
export interface PostgresPool {
  query(statement: { text: string; values?: unknown[] }): Promise<unknown>;
}

/** Counts a call; rejects with a RateLimiterRes if it exceeds the limit. */
type Counter = {
  consume(key: string): Promise<unknown>;
  delete(key: string): Promise<unknown>;
};

interface CallStore {
  counterOf(limit: RateLimit): Counter;
  close(): Promise<void>;
}

/** Longest wait for the store, in milliseconds. */
const patienceMs = 250;
/** Longest wait for a store that is to replace another, in milliseconds. */
const readyMs = 2000;
/** Wait after a failure before the store is tried again, in milliseconds. */
const restMs = 5000;

/** Counts the calls of all replicas together in a store. While the store does not answer, each process counts its own. */
export class SharedWindows implements Windows {
  #store: CallStore;
  readonly #outage: Outage;
  readonly #own = new MemoryWindows();
  readonly #counters = new Map<string, Counter>();
  #awayUntil = 0;

  constructor(store: CallStore, log: Logger) {
    this.#store = store;
    this.#outage = new Outage(log);
  }

  /** Whether the last request to the store failed. */
  get away(): boolean {
    return this.#outage.away;
  }

  /** Counts in another store from now on. */
  async use(store: CallStore): Promise<void> {
    const former = this.#store;
    this.#store = store;
    this.#counters.clear();
    this.#awayUntil = 0;
    // Calls under way are counted in the former one.
    await delay(patienceMs, undefined, { ref: false });
    await former.close();
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
      // Longer than the window: it was started by a clock that was ahead, here or in another replica.
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

/** @throws Error if `rate-limiter-flexible`, or `iovalkey` for a URL, is not installed. */
export async function openSharedWindows(
  store: 'postgres' | URL,
  { pool, storeFile, log }: { pool?: PostgresPool | undefined; storeFile?: string | undefined; log: Logger },
): Promise<Windows> {
  if (store !== 'postgres') return openValkeyWindows(store, storeFile, log);
  if (!pool) throw new TypeError('Counting calls in PostgreSQL needs a pool');
  return new SharedWindows(createPostgresStore(pool), log);
}

async function openValkeyWindows(url: URL, storeFile: string | undefined, log: Logger): Promise<Windows> {
  const windows = new SharedWindows(await createValkeyStore(url), log);
  const file = new SettingFile<'memory' | 'postgres' | URL>({
    setting: 'RATE_LIMIT_STORE',
    file: storeFile,
    schema: serverFields.RATE_LIMIT_STORE,
    value: url,
    log,
    async use(changed) {
      if (!(changed instanceof URL))
        throw new Error('only another valkey://host:port is used without a restart');
      const store = await createValkeyStore(changed);
      try {
        await store.ready();
      } catch (error) {
        await store.close();
        throw error;
      }
      await windows.use(store);
    },
  });
  file.start();
  return {
    take: (key, limit) => windows.take(key, limit),
    async close() {
      await file.stop();
      await windows.close();
    },
  };
}

function withinPatience<Result>(work: Promise<Result>): Promise<Result> {
  return within(() => work, { ms: patienceMs });
}

/** Once a key is over its limit, this process refuses it until the window ends, without asking the store. */
const optionsOf = ({ calls, perMs }: RateLimit) => ({
  points: calls,
  duration: perMs / 1000,
  inMemoryBlockOnConsumed: calls,
  keyPrefix: 'calls',
});

function createPostgresStore(pool: PostgresPool): CallStore {
  // One counter removes the expired rows of all.
  let clears = true;
  // Named statements belong to a session, and a connection pooler changes sessions.
  const unnamed: PostgresPool = { query: ({ text, values = [] }) => pool.query({ text, values }) };
  return {
    counterOf(limit) {
      const counter = new RateLimiterPostgres({
        ...optionsOf(limit),
        storeClient: unnamed,
        storeType: 'pool',
        tableName: 'rate_limits',
        // By the migrations: the role of traffic may not create tables.
        tableCreated: true,
        clearExpiredByTimeout: clears,
      });
      clears = false;
      return counter;
    },
    close: async () => {},
  };
}

/** The library's script needs a command that Redis does not have; this one runs on Valkey and Redis. */
const countScript = `
redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
local consumed = redis.call('incrby', KEYS[1], ARGV[1])
return {consumed, redis.call('pttl', KEYS[1])}`;

/**
 * @param url Of Valkey or Redis, for example `valkey://host:port`.
 * @returns `ready` resolves once it takes commands, and rejects with the first error, or after 2 s.
 */
export async function createValkeyStore(url: URL): Promise<CallStore & { ready(): Promise<void> }> {
  // Imported only where it is used: loading it takes time.
  const { Valkey } = await import('iovalkey');
  const client = new Valkey(url.href.replace(/^valkey/, 'redis'), {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    retryStrategy: (attempt) => Math.min(attempt * 200, 5000),
  });
  // Without a listener, the client writes each error to standard error. Failed requests are logged by `Outage`.
  client.on('error', () => {});
  return {
    async ready() {
      await once(client, 'ready', { signal: AbortSignal.timeout(readyMs) });
    },
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
