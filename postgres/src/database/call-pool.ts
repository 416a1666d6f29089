import { currentScope } from '@arcadium/mesh/telemetry';
import { Pool, type PoolClient } from 'pg';

import { CallOverError, Lease } from './lease.ts';

type Done = (release?: Error | boolean) => void;
type Callback = (error: Error | undefined, client: PoolClient | undefined, done: Done) => void;

const nothing: Done = () => {};

/**
 * A pool that knows which call uses a connection. If the running code belongs to a call, a connection is lent
 * to that call. When the call is over (its time is up, its caller has gone), it no longer waits for a
 * connection, and its statement is cancelled ({@link Lease}). Outside of a call, in a job or a health check,
 * it is an ordinary pool.
 */
export class CallPool extends Pool {
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
    if (!scope) return super.connect(callback);
    const { signal, span } = scope;
    if (signal.aborted) return callback(new CallOverError(signal), undefined, nothing);
    let waiting = true;
    const giveUp = (): void => {
      waiting = false;
      callback(new CallOverError(signal), undefined, nothing);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    super.connect((error, client, done) => {
      signal.removeEventListener('abort', giveUp);
      if (!waiting) return client?.release();
      if (!client) return callback(error, client, done);
      Lease.begin(client, { signal, span });
      callback(undefined, client, (failed) => client.release(failed));
    });
  }
}
