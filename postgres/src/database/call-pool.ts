import { currentScope } from '@arcadium/mesh/telemetry';
import { Pool, type ClientConfig, type PoolClient, type PoolConfig } from 'pg';

import { DatabaseClient } from './client.ts';
import { isCredentialRefused } from './database-errors.ts';
import type { FollowedUrl } from './followed-url.ts';
import { CallOverError, Lease } from './lease.ts';

type Done = (release?: Error | boolean) => void;
type Callback = (error: Error | undefined, client: PoolClient | undefined, done: Done) => void;

const nothing: Done = () => {};

/** The URL that each connection was made with. */
const urls = new WeakMap<object, string>();

/**
 * A pool that knows which call uses a connection. If the running code belongs to a call, a connection is lent
 * to that call. When the call is over (its time is up, its caller has gone), it no longer waits for a
 * connection, and its statement is cancelled ({@link Lease}). Outside of a call, in a job or a health check,
 * it is an ordinary pool.
 *
 * New connections have the URL in force. Those with an older one are closed instead of being lent again.
 */
export class CallPool extends Pool {
  readonly #url: FollowedUrl;
  /** Open connections that are not lent at present. */
  readonly #idle = new Set<PoolClient>();
  readonly #lent = new Set<PoolClient>();
  /** Lent ones that are closed when they are returned. */
  readonly #former = new WeakSet<PoolClient>();

  constructor(config: PoolConfig, url: FollowedUrl) {
    super({ ...config, Client: connectTo(url) });
    this.#url = url;
    this.on('acquire', (client) => {
      this.#idle.delete(client);
      this.#lent.add(client);
    });
    this.on('release', (_error, client) => {
      this.#lent.delete(client);
      // The pool keeps no connection that is ending.
      if (this.#former.has(client)) client.end().catch(() => {});
      else this.#idle.add(client);
    });
    this.on('remove', (client) => this.#idle.delete(client));
  }

  /** Closes every connection: idle ones now, lent ones when they are returned. New ones take their place. */
  renew(): void {
    for (const client of this.#lent) this.#former.add(client);
    for (const client of this.#idle)
      client.connection.stream.destroy(new Error('Connection terminated: replaced'));
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<PoolClient> | undefined {
    if (callback) {
      this.#connect(callback);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#connect((error, client) => (client ? resolve(client) : reject(error)));
    });
  }

  // Determined once here: while a call waits for a connection, other code runs, and the pool calls back from
  // there.
  #connect(callback: Callback): void {
    const scope = currentScope();
    if (!scope) return this.#take(callback);
    const { signal, span } = scope;
    if (signal.aborted) return callback(new CallOverError(signal), undefined, nothing);
    let waiting = true;
    const giveUp = (): void => {
      waiting = false;
      callback(new CallOverError(signal), undefined, nothing);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    this.#take((error, client, done) => {
      signal.removeEventListener('abort', giveUp);
      if (!waiting) return client?.release();
      if (!client) return callback(error, client, done);
      Lease.begin(client, { signal, span });
      callback(undefined, client, (failed) => client.release(failed));
    });
  }

  async #takeAfterRefusal(url: string, giveUp: () => void, callback: Callback): Promise<void> {
    if (await this.#url.replaced(url)) this.#take(callback, true);
    else giveUp();
  }

  /** Takes a connection with the URL in force. After a refusal, tries another URL once, if there is one. */
  #take(callback: Callback, refused = false): void {
    const url = this.#url.current;
    super.connect((error, client, done) => {
      if (client && urls.get(client) !== this.#url.current) {
        client.release(true);
        this.#take(callback, refused);
      } else if (!client && !refused && isCredentialRefused(error)) {
        void this.#takeAfterRefusal(url, () => callback(error, client, done), callback);
      } else {
        callback(error, client, done);
      }
    });
  }
}

/** The class of the connections: the pool makes each one with `new`. */
function connectTo(url: FollowedUrl): NonNullable<PoolConfig['Client']> {
  return class extends DatabaseClient {
    constructor(config?: ClientConfig) {
      super({ ...config, connectionString: url.current });
      urls.set(this, url.current);
    }
  };
}
