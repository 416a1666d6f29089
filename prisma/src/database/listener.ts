import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import { startupLevel } from '@arcadium/mesh/telemetry';

import type { Logger } from '../logger.ts';

/** What a {@link Listener} needs. */
export interface ListenerOptions {
  /** `postgres://role:password@host:port/database`. */
  url: string;
  /** Name of the channel, as `pg_notify` has it. */
  channel: string;
  /** Called after each connect, once the channel is listened to: what came before may have been missed. */
  onConnect: () => void;
  /** Called with each payload, in the order of commits. Must not throw. */
  onPayload: (payload: string) => void;
  logger: Logger;
  /** Longest wait for a connection, in milliseconds. @default 5000 */
  connectTimeoutMs?: number;
  /** Wait after the first failure to connect, in milliseconds; doubles up to 5 s, half of it left to chance. @default 100 */
  retryMs?: number;
  /** How often a silent connection is asked whether it is alive, in milliseconds. @default 30000 */
  heartbeatMs?: number;
  /** Longest wait for the answer to that, in milliseconds; the connection is given up then. @default 5000 */
  answerMs?: number;
}

const longestRetryMs = 5_000;
/** Longest wait for the server to close a connection when told, in milliseconds. */
const goodbyeMs = 1_000;

/**
 * One connection of its own on LISTEN, made again whenever it is lost, until
 * `stop()`. A pool's will not do: they come and go, and what is announced to
 * one that has gone is heard by nobody.
 */
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
    const { channel, logger, onConnect, retryMs = 100 } = this.#options;
    let waitMs = retryMs;
    let said: string | undefined;
    let level: 'debug' | 'info' | 'warn' | undefined;
    const connected = () => {
      if (said !== undefined)
        logger[level === 'warn' ? 'info' : 'debug']?.({ channel }, 'listening to the channel again');
      said = undefined;
      level = 'warn'; // what has worked is not starting any more
      waitMs = retryMs;
      onConnect();
    };
    while (!signal.aborted) {
      const reason = reasonOf(await this.#listen(connected).catch((error: unknown) => error));
      if (signal.aborted) return;
      // Once for each reason: while the database is away, every attempt fails.
      const before = level;
      level = before === 'warn' ? 'warn' : startupLevel('debug');
      if (reason !== said || level !== before)
        logger[level]?.({ channel, reason }, 'not listening to the channel, trying again');
      said = reason;
      const pauseMs = waitMs * (0.5 + Math.random() / 2); // what failed together does not come back together
      await delay(pauseMs, undefined, { signal }).catch(() => {}); // cut short by stop()
      waitMs = Math.min(waitMs * 2, longestRetryMs);
    }
  }

  /** Listens on one connection for as long as it lasts; always fails in the end, with why it was lost. */
  async #listen(connected: () => void): Promise<never> {
    const { url, channel, onPayload, connectTimeoutMs = 5_000, answerMs = 5_000 } = this.#options;
    const socket = new Socket();
    const client = new Client({
      connectionString: url,
      application_name: `arcadium listener ${channel}`,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: answerMs,
      stream: () => socket,
    });
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {}); // it may be lost while something else fails first
    const over = new AbortController();
    // Later errors tell nothing new, but unheard they would end the process: hence `on`, not `once`.
    client.on('error', lost.reject);
    client.on('end', () => lost.reject(new Error('the connection was closed')));
    client.on('notification', ({ payload }) => onPayload(payload ?? ''));
    this.#stopping.signal.addEventListener('abort', lost.reject, { signal: over.signal });
    try {
      await Promise.race([client.connect(), lost.promise]);
      await Promise.race([client.query(`LISTEN ${client.escapeIdentifier(channel)}`), lost.promise]);
      this.#listening = true;
      connected();
      return await Promise.race([lost.promise, this.#heartbeat(client, over.signal)]);
    } finally {
      this.#listening = false;
      over.abort();
      await close(client, socket);
    }
  }

  /** Fails when the server no longer answers, which without traffic nothing else would tell. */
  async #heartbeat(client: Client, signal: AbortSignal): Promise<never> {
    for (;;) {
      await delay(this.#options.heartbeatMs ?? 30_000, undefined, { ref: false, signal });
      await client.query('SELECT 1');
    }
  }
}

/** Says goodbye; a server that does not answer is cut off. */
async function close(client: Client, socket: Socket): Promise<void> {
  const late = setTimeout(() => socket.destroy(), goodbyeMs);
  await client.end().catch(() => {});
  clearTimeout(late);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A host of several addresses fails with one error for all, which has a code and no message.
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}
