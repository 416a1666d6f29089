import { admit, nobody, type AnyProcedure, type RateLimit } from '../../contract/index.ts';
import { counter, remember, tell, type Logger } from '../../telemetry/index.ts';
import type { MeshError } from '../../wire/index.ts';
import { networkOf, type Peer } from '../call/peer.ts';
import { RefusalLog } from './refusal-log.ts';
import { tooManyError } from '../call/refusal.ts';
import type { PostgresPool } from './shared-windows.ts';
import { MemoryWindows, Mistakes, perMinute, type Windows } from './windows.ts';

const limited = counter({
  name: 'mesh_server_rate_limited_total',
  help: 'Calls and WebSockets refused because a caller or an address exceeded its limit, by procedure',
  labels: ['procedure'],
});

/** Rate limits of a service. */
export interface RateLimitOptions {
  /** Calls without credentials from one address, of all procedures together. 0 for no limits, those of contracts included. */
  readonly callsPerMinute: number;
  /**
   * Where calls are counted. `memory`: by each process. `postgres`: by all replicas together, in the table
   * `rate_limits` of the service's schema; needs `pool`. A URL such as `valkey://host:port`: there. @default 'memory'
   */
  readonly store?: 'memory' | 'postgres' | URL;
  /** The file that a URL was read from. When it changes, calls are counted there once it answers. @default none */
  readonly storeFile?: string | undefined;
  readonly pool?: PostgresPool;
}

export interface Comer {
  readonly peer?: Peer | undefined;
  /** Whether it has no credentials. Present ones are not verified yet. */
  readonly anonymous: boolean;
}

/**
 * Counts a call before its credentials are verified.
 *
 * @returns A promise only if the count is shared with other replicas.
 * @throws MeshError TOO_MANY_REQUESTS, with `retryAfterMs`; also as rejection of the promise.
 */
export type CallLimit = (comer: Comer) => Promise<void> | undefined;

type LimitReason = 'address' | 'mistakes' | 'open';

/** The rate limits of a service, by address. Health checks and metrics are not limited. */
export class RateLimits {
  readonly #service: string;
  readonly #log: Logger;
  readonly #windows: Windows | Promise<Windows>;
  readonly #refusals: RefusalLog<LimitReason>;
  readonly #callsPerMinute: number;
  /** Limits invalid messages over WebSockets; `undefined` for no limit. */
  readonly mistakes: Mistakes | undefined;
  readonly #count = remember((procedure) => limited.labels({ procedure }));

  /**
   * @param service Name of its contract.
   * @throws TypeError for the store `postgres` without a pool.
   */
  constructor(service: string, log: Logger, options: RateLimitOptions = { callsPerMinute: 0 }) {
    this.#service = service;
    this.#log = log;
    this.#callsPerMinute = options.callsPerMinute;
    this.#windows = this.#open(options);
    this.mistakes = options.callsPerMinute === 0 ? undefined : new Mistakes(options.callsPerMinute);
    this.#refusals = new RefusalLog(log, {
      what: 'rate limiting',
      reasons: {
        address: 'too many calls from one address',
        mistakes: 'too many invalid messages from one caller',
        open: 'one caller has too many open',
      },
    });
  }

  /** The limits of a procedure: its own, and the common one for calls without credentials if it accepts those. */
  ofProcedure(path: string, { access, rateLimit }: AnyProcedure): CallLimit | undefined {
    if (this.#callsPerMinute === 0) return undefined;
    const isPublic = admit(access, nobody) === 'admitted';
    const common = isPublic ? this.#take(path, 'anyone', perMinute(this.#callsPerMinute)) : undefined;
    const own = rateLimit && this.#take(path, path, rateLimit);
    if (!own) return common && ((comer) => (comer.anonymous ? common(comer) : undefined));
    return (comer) => {
      const taken = own(comer);
      if (!common || !comer.anonymous) return taken;
      return taken ? taken.then(() => common(comer)) : common(comer);
    };
  }

  /** The limit of a public route, or of opening a WebSocket. Each has its own count. */
  ofPath(path: string): CallLimit | undefined {
    return this.#callsPerMinute === 0 ? undefined : this.#take(path, path, perMinute(this.#callsPerMinute));
  }

  async close(): Promise<void> {
    this.#refusals.stop();
    await (await this.#windows).close();
  }

  #open({ callsPerMinute, store = 'memory', storeFile, pool }: RateLimitOptions): Windows | Promise<Windows> {
    if (callsPerMinute === 0 || store === 'memory') return new MemoryWindows();
    if (store === 'postgres' && !pool)
      throw new TypeError(`${this.#service}: counting calls in PostgreSQL needs the pool of its database`);
    // Imported only where it is used: its packages are optional.
    return import('./shared-windows.ts').then(({ openSharedWindows }) =>
      openSharedWindows(store, { pool, storeFile, log: this.#log }),
    );
  }

  /** @param what Name of the count. */
  #take(path: string, what: string, limit: RateLimit): CallLimit {
    const prefix = `${this.#service}:${what}:`;
    const which = what === path ? path : 'procedures that need no credentials';
    const message = `Too many calls of ${which} from this address: at most ${limit.calls} in ${limit.perMs / 1000} s`;
    const judge = (waitMs: number | undefined): undefined => {
      if (waitMs !== undefined) throw this.refuse(path, 'address', tooManyError(waitMs, message));
    };
    return ({ peer }) => {
      // A call in memory, or over a Unix socket.
      if (peer?.address === undefined) return undefined;
      const key = prefix + networkOf(peer.address);
      const windows = this.#windows;
      if (windows instanceof Promise) return windows.then((opened) => opened.take(key, limit)).then(judge);
      const taken = windows.take(key, limit);
      return taken instanceof Promise ? taken.then(judge) : judge(taken);
    };
  }

  /** Counts and logs a refusal. @returns Its error. */
  refuse(procedure: string, reason: LimitReason, error: MeshError): MeshError {
    this.#count(procedure).inc();
    this.#refusals.add(procedure, reason);
    tell({ side: 'server', decision: 'rate-limited', service: this.#service, procedure });
    return error;
  }
}
