import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import { describeError, Outage } from '@arcadium/mesh/telemetry';

import type { Logger } from '../logger.ts';
import { sendProbe } from './listener-probe.ts';

/** What a {@link Listener} needs. */
export interface ListenerOptions {
  /** `postgres://role:password@host:port/database`, with no connection pooler between. */
  url: string;
  /** Name of the channel, as `pg_notify` has it. */
  channel: string;
  /**
   * Called after each connect, once the channel is listened to: what came before may have been missed. While nothing
   * that is announced arrives, called again and again instead.
   */
  onConnect: () => void;
  /** Called with each payload, in the order of commits. Must not throw. */
  onPayload: (payload: string) => void;
  logger: Logger;
  /** Longest wait for a connection, in milliseconds. @default 5000 */
  connectTimeoutMs?: number;
  /** Wait after the first failure to connect, in milliseconds; doubles up to 5 s, half of it left to chance. @default 100 */
  retryMs?: number;
  /** How often a silent connection is asked whether it is alive and hears, in milliseconds. @default 30000 */
  heartbeatMs?: number;
  /** Longest wait for the answer to that, in milliseconds; the connection is given up then. @default 5000 */
  answerMs?: number;
  /** How long something announced may take to arrive; after that, nothing is heard. In milliseconds. @default 2000 */
  hearMs?: number;
  /** While nothing is heard: wait between two looks, beside that, in milliseconds. @default 1000 */
  lookMs?: number;
}

const longestRetryMs = 5_000;
/** Longest wait for the server to close a connection when told, in milliseconds. */
const goodbyeMs = 1_000;

/**
 * One connection of its own on LISTEN, made again whenever it is lost, until
 * `stop()`. A pool's will not do: they come and go, and what is announced to
 * one that has gone is heard by nobody.
 *
 * Whether it hears is tried out, by something announced to itself alone from
 * another connection: a pooler takes LISTEN without an error and loses what is
 * announced. Then it looks every few seconds instead, until it hears again.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #stopping = new AbortController();
  readonly #probeChannel = `arcadium_probe_${randomUUID()}`;
  #running: Promise<void> | undefined;
  #listening = false;
  /** That it has no connection. */
  readonly #lost: Outage;
  /** That it has one, and nothing arrives over it. */
  readonly #deaf: Outage;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#lost = new Outage(options.logger);
    this.#deaf = new Outage(options.logger);
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
      const fields = { channel, reason: describeError(error) };
      this.#lost.begin(fields, 'the LISTEN connection was lost, reconnecting');
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
    client.on('notification', (heard) => {
      if (heard.channel === channel) onPayload(heard.payload ?? '');
    });
    this.#stopping.signal.addEventListener('abort', lost.reject, { signal: over.signal });
    try {
      await Promise.race([client.connect(), lost.promise]);
      return await Promise.race([lost.promise, this.#follow(client, connected, over.signal)]);
    } finally {
      this.#listening = false;
      over.abort();
      await close(client, socket);
    }
  }

  /** Fails when the server no longer answers, which without traffic nothing else would tell. */
  async #follow(client: Client, connected: () => void, signal: AbortSignal): Promise<never> {
    const { channel, heartbeatMs = 30_000, lookMs = 1_000, onConnect } = this.#options;
    const names = [channel, this.#probeChannel].map((name) => client.escapeIdentifier(name));
    const listen = names.map((name) => `LISTEN ${name}`).join(';');
    for (;;) {
      await client.query(this.#listening ? 'SELECT 1' : listen);
      const hears = await this.#hears(client, signal);
      signal.throwIfAborted();
      if (!hears) await client.query('SELECT 1'); // one that is lost is not deaf, and fails here
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

  /** Whether it hears what another connection announces; where none can be made, that is taken for granted. */
  async #hears(client: Client, signal: AbortSignal): Promise<boolean> {
    const { url, hearMs = 2_000, connectTimeoutMs: timeoutMs = 5_000 } = this.#options;
    const arrived = Promise.withResolvers<boolean>();
    const onNotification = (heard: { channel: string }) => {
      if (heard.channel === this.#probeChannel) arrived.resolve(true);
    };
    client.on('notification', onNotification);
    try {
      if (!(await sendProbe(url, this.#probeChannel, { timeoutMs, signal }))) return true;
      const late = delay(hearMs, false, { ref: false, signal });
      late.catch(() => {}); // it may be over by then
      return await Promise.race([arrived.promise, late]);
    } finally {
      client.off('notification', onNotification);
    }
  }
}

/** Says goodbye; a server that does not answer is cut off. */
async function close(client: Client, socket: Socket): Promise<void> {
  const late = setTimeout(() => socket.destroy(), goodbyeMs);
  await client.end().catch(() => {});
  clearTimeout(late);
}
