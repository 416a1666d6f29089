import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { within } from '@arcadium/mesh/config';
import { Outage } from '@arcadium/mesh/telemetry';

import type { Logger } from '../logger.ts';
import { DatabaseClient } from './client.ts';
import { currentUrl, type DatabaseUrl } from './database-url.ts';
import { describeDatabaseError } from './database-errors.ts';
import { sendProbe } from './listener-probe.ts';

/** Options of {@link Listener}. */
export interface ListenerOptions {
  /**
   * `postgres://role:password@host:port/database`, without a connection pooler. If a function returns another
   * one, the connection is replaced at the next check.
   */
  url: DatabaseUrl;
  /** The channel, as in `pg_notify`. */
  channel: string;
  /**
   * Called after each connect, once LISTEN is active: earlier notifications may have been missed. While
   * notifications do not arrive, called periodically instead.
   */
  onConnect: () => void;
  /** Called with each payload, in the order of commits. Must not throw. */
  onPayload: (payload: string) => void;
  log: Logger;
  /** Longest wait for a connection, in milliseconds. @default 5000 */
  connectTimeoutMs?: number;
  /**
   * Wait after the first failed connect, in milliseconds; doubles up to 5 s, with up to half of it random.
   *
   * @default 100
   */
  retryMs?: number;
  /**
   * Interval of checks that a silent connection is alive and receives notifications, in milliseconds.
   *
   * @default 30000
   */
  heartbeatMs?: number;
  /** Longest wait for such a check, in milliseconds, before the connection is given up. @default 5000 */
  answerMs?: number;
  /**
   * How long a notification may take to arrive, in milliseconds; after that, notifications count as not
   * arriving.
   *
   * @default 2000
   */
  hearMs?: number;
  /** Additional wait between two polls while notifications do not arrive, in milliseconds. @default 1000 */
  lookMs?: number;
}

const longestRetryMs = 5_000;
/** Ends a connection whose URL is no longer the one in force. */
const urlChanged = new Error('the URL of the database has changed');
/** Longest wait for the server to close a connection, in milliseconds. */
const goodbyeMs = 1_000;

/**
 * A separate connection for LISTEN, replaced whenever it is lost, until `stop()`. A pool's connections cannot
 * be used, because notifications for a closed connection are lost.
 *
 * It tests that notifications arrive by sending one to itself from another connection: a pooler accepts
 * LISTEN without an error and loses notifications. It then polls every few seconds until they arrive again.
 *
 * @example
 * const listener = new Listener({ url, channel: 'orders', onConnect: readAll, onPayload: (id) => read(id), log });
 * listener.start();
 * await listener.stop();
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #stopping = new AbortController();
  readonly #probeChannel = `arcadium_probe_${randomUUID()}`;
  #running: Promise<void> | undefined;
  #listening = false;
  /** The connection is lost. */
  readonly #lost: Outage;
  /** There is a connection, but notifications do not arrive. */
  readonly #deaf: Outage;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#lost = new Outage(options.log);
    this.#deaf = new Outage(options.log);
  }

  /** Whether notifications arrive at present. */
  get listening(): boolean {
    return this.#listening;
  }

  /** Starts, without waiting for the database. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Closes the connection for good. May be called several times. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#lost.close();
    this.#deaf.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { channel, onConnect, retryMs = 100 } = this.#options;
    let waitMs = retryMs;
    const connected = () => {
      waitMs = retryMs;
      for (const outage of [this.#lost, this.#deaf]) outage.end({ channel }, 'LISTEN is working again');
      onConnect();
    };
    while (!signal.aborted) {
      const error: unknown = await this.#listen(connected).catch((thrown: unknown) => thrown);
      if (signal.aborted) return;
      if (error === urlChanged) continue;
      const fields = { channel, reason: describeDatabaseError(error) };
      this.#lost.begin(fields, 'the LISTEN connection was lost, reconnecting');
      const pauseMs = waitMs * (0.5 + Math.random() / 2); // spreads clients that failed together
      await delay(pauseMs, undefined, { signal }).catch(() => {}); // ended early by stop()
      waitMs = Math.min(waitMs * 2, longestRetryMs);
    }
  }

  /** Listens on one connection as long as it lasts. Always rejects in the end, with the reason. */
  async #listen(connected: () => void): Promise<never> {
    const { channel, onPayload, connectTimeoutMs = 5_000, answerMs = 5_000 } = this.#options;
    const url = currentUrl(this.#options.url);
    const socket = new Socket();
    const client = new DatabaseClient({
      connectionString: url,
      application_name: `arcadium listener ${channel}`,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: answerMs,
      stream: () => socket,
    });
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {}); // it may be lost while something else fails first
    const over = new AbortController();
    // `on` instead of `once`: later errors have no information, but without a listener they would end the
    // process.
    client.on('error', lost.reject);
    client.on('end', () => lost.reject(new Error('the connection was closed')));
    client.on('notification', (heard) => {
      if (heard.channel === channel) onPayload(heard.payload ?? '');
    });
    this.#stopping.signal.addEventListener('abort', lost.reject, { signal: over.signal });
    try {
      await Promise.race([client.connect(), lost.promise]);
      return await Promise.race([
        lost.promise,
        this.#follow(client, connected, { url, signal: over.signal }),
      ]);
    } finally {
      this.#listening = false;
      over.abort();
      await close(client, socket);
    }
  }

  /** Fails when the server no longer answers, which nothing else shows without traffic. */
  async #follow(
    client: DatabaseClient,
    connected: () => void,
    { url, signal }: { url: string; signal: AbortSignal },
  ): Promise<never> {
    const { channel, heartbeatMs = 30_000, lookMs = 1_000, onConnect } = this.#options;
    const names = [channel, this.#probeChannel].map((name) => client.escapeIdentifier(name));
    const listen = names.map((name) => `LISTEN ${name}`).join(';');
    for (;;) {
      if (currentUrl(this.#options.url) !== url) throw urlChanged;
      await client.query(this.#listening ? 'SELECT 1' : listen);
      const hears = await this.#hears(client, signal);
      signal.throwIfAborted();
      if (!hears) await client.query('SELECT 1'); // if the connection is lost, this fails
      if (hears !== this.#listening) {
        this.#listening = hears;
        if (hears) connected();
      }
      if (!hears) {
        this.#deaf.begin(
          { channel },
          'LISTEN receives nothing, polling every few seconds instead; does the connection go through a pooler?',
        );
        onConnect();
      }
      await delay(hears ? heartbeatMs : lookMs, undefined, { ref: false, signal });
    }
  }

  /** Whether a notification from another connection arrives; true if no other connection can be opened. */
  async #hears(client: DatabaseClient, signal: AbortSignal): Promise<boolean> {
    const { url, hearMs = 2_000, connectTimeoutMs: timeoutMs = 5_000 } = this.#options;
    const arrived = Promise.withResolvers<boolean>();
    const onNotification = (heard: { channel: string }) => {
      if (heard.channel === this.#probeChannel) arrived.resolve(true);
    };
    client.on('notification', onNotification);
    try {
      if (!(await sendProbe(currentUrl(url), this.#probeChannel, { timeoutMs, signal }))) return true;
      return await within(() => arrived.promise, { ms: hearMs, signal, onLate: () => false });
    } finally {
      client.off('notification', onNotification);
    }
  }
}

/** Closes the connection; if the server does not answer, destroys its socket. */
async function close(client: DatabaseClient, socket: Socket): Promise<void> {
  const late = setTimeout(() => socket.destroy(), goodbyeMs);
  await client.end().catch(() => {});
  clearTimeout(late);
}
