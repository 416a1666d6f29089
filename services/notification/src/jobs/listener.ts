import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@arcadium/mesh/telemetry';
import pg from 'pg';

/** What a {@link Listener} needs. */
export interface ListenerOptions {
  /** How to connect: `connectionString`, `connectionTimeoutMillis` and so on. */
  connection: pg.ClientConfig;
  /** Name of the channel. */
  channel: string;
  /** Called after each connect, once the channel is listened to: what came before may have been missed. */
  onConnect: () => void;
  /** Called with each payload, in the order of commits. */
  onPayload: (payload: string) => void;
  log: Logger;
  /** Wait after the first failure to connect, in milliseconds; doubles up to 5 s. @default 100 */
  retryMs?: number;
  /** How often a silent connection is asked whether it is alive, in milliseconds. @default 30000 */
  heartbeatMs?: number;
}

const LONGEST_RETRY_MS = 5000;
/** Longest wait for the answer to a heartbeat, in milliseconds. */
const ANSWER_MS = 5000;

/** One connection of its own on LISTEN, made again whenever it is lost, until `stop()`. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #listening = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Whether it hears what is announced at this moment. */
  get listening(): boolean {
    return this.#listening;
  }

  /** Begins; does not wait for the database. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Closes the connection and makes no other. May be called again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { log, retryMs = 100 } = this.#options;
    for (let waitMs = retryMs; !signal.aborted; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      try {
        await this.#listen(() => (waitMs = retryMs));
      } catch (error) {
        if (!signal.aborted)
          log.warn({ err: error, retryMs: waitMs }, 'not listening for arrivals, trying again');
      }
      await delay(waitMs, undefined, { signal }).catch(() => {}); // cut short by stop()
    }
  }

  /** Listens on one connection for as long as it lasts; always fails in the end, with why it was lost. */
  async #listen(onConnect: () => void): Promise<void> {
    const { connection, channel, onPayload } = this.#options;
    const client = new pg.Client({
      keepAlive: true,
      connectionTimeoutMillis: 5000,
      query_timeout: ANSWER_MS,
      ...connection,
    });
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {}); // it may be lost while something else fails first
    const over = new AbortController();
    // Later errors tell nothing new, but unheard they would end the process: hence `on`, not `once`.
    client.on('error', lost.reject);
    client.on('end', () => lost.reject(new Error('the connection was closed')));
    client.on('notification', ({ payload }) => onPayload(payload ?? ''));
    const { signal } = this.#stopping;
    signal.addEventListener('abort', lost.reject, { signal: over.signal });
    try {
      await Promise.race([client.connect(), lost.promise]);
      await Promise.race([client.query(`LISTEN ${client.escapeIdentifier(channel)}`), lost.promise]);
      this.#listening = true;
      onConnect();
      this.#options.onConnect();
      await Promise.race([lost.promise, this.#heartbeat(client, over.signal)]);
    } finally {
      this.#listening = false;
      over.abort();
      await close(client);
    }
  }

  /** Fails when the server no longer answers, which without traffic nothing else would tell. */
  async #heartbeat(client: pg.Client, signal: AbortSignal): Promise<never> {
    for (;;) {
      await delay(this.#options.heartbeatMs ?? 30_000, undefined, { ref: false, signal });
      await client.query('SELECT 1');
    }
  }
}

/** Says goodbye; a server that does not answer is not waited for. */
async function close(client: pg.Client): Promise<void> {
  const patience = new AbortController();
  const late = delay(1000, undefined, { ref: false, signal: patience.signal }).catch(() => {});
  await Promise.race([client.end().catch(() => {}), late]);
  patience.abort();
}
