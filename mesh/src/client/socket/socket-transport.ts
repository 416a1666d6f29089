import type { Logger } from '../../telemetry/index.ts';
import { TransportError, type Answer, type Attempt, type Transport } from '../transport.ts';
import { MovedError, type SocketConnection } from './connection.ts';
import { NotOpened, openConnection } from './open.ts';

/** Longest wait for an upgrade, in milliseconds; a proxy that knows nothing of WebSockets may never answer one. */
const upgradeTimeoutMs = 2000;

/** Where no WebSocket is spoken, it is asked for again after so long, in milliseconds. */
const refusedForMs = 30_000;

/** The wait after a connection that could not be made, in milliseconds; each further one is twice as long. */
const backoffMs = { first: 100, longest: 10_000 };

/**
 * Makes the transport that speaks tRPC's messages over one WebSocket, opened
 * with the first call. Where none can be had, calls go over HTTP, and it is
 * tried again later.
 *
 * @param http What carries the calls in the meantime.
 */
export function createSocketTransport(http: Transport, { log }: { log: Logger }): Transport {
  return new SocketTransport(http, log);
}

class SocketTransport implements Transport {
  readonly url: string;
  readonly #http: Transport;
  readonly #log: Logger;
  #connection: SocketConnection | undefined;
  #opening: Promise<void> | undefined;
  /** Not before then, on the clock of `performance.now()`, is another one opened. */
  #notBefore = 0;
  #failures = 0;
  #closed = false;
  readonly #open = new Set<SocketConnection>();

  constructor(http: Transport, log: Logger) {
    this.url = http.url;
    this.#http = http;
    this.#log = log;
  }

  send(attempt: Attempt): Promise<Answer> {
    const connection = this.#connection;
    return connection?.open && connection.authorization === attempt.authorization
      ? this.#sendOn(connection, attempt)
      : this.#connectAndSend(attempt);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...[...this.#open].map((connection) => connection.close()), this.#http.close()]);
  }

  /** One that the server did nothing with, because it stops, is sent elsewhere. */
  #sendOn(connection: SocketConnection, attempt: Attempt): Promise<Answer> {
    return connection.send(attempt).catch((error: unknown) => {
      if (error instanceof MovedError && !attempt.cancelled) return this.#connectAndSend(attempt);
      throw error instanceof TransportError
        ? new TransportError(`${this.url} gave no answer: ${error.message}`, error)
        : error;
    });
  }

  async #connectAndSend(attempt: Attempt): Promise<Answer> {
    const authorization = attempt.authorization;
    if (performance.now() >= this.#notBefore && !this.#closed) {
      this.#opening ??= this.#openAnother(authorization).finally(() => (this.#opening = undefined));
      await this.#opening;
    }
    if (attempt.cancelled) throw new TransportError('The call was cancelled', { reached: false });
    const connection = this.#connection;
    return connection?.open && connection.authorization === authorization
      ? await this.#sendOn(connection, attempt)
      : await this.#http.send(attempt);
  }

  /** Opens a connection in the place of the present one, which stays until then. Never fails. */
  async #openAnother(authorization: string | undefined): Promise<void> {
    try {
      const opened = await openConnection(this.url, {
        authorization,
        timeoutMs: upgradeTimeoutMs,
        onReconnect: (connection) => void this.#move(connection),
        onClose: (connection) => this.#open.delete(connection),
      });
      if (this.#closed) return await opened.close();
      this.#open.add(opened);
      this.#connection?.retire();
      this.#connection = opened;
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof NotOpened)) throw error;
      this.#giveUpFor(error);
    }
  }

  /** The server is about to stop: new calls go to another process as soon as one lets us in. */
  async #move(from: SocketConnection): Promise<void> {
    if (this.#connection !== from || this.#opening || this.#closed) return;
    this.#opening = this.#openAnother(from.authorization).finally(() => (this.#opening = undefined));
    await this.#opening;
  }

  #giveUpFor({ status, message }: NotOpened): void {
    this.#failures += 1;
    const spread = 0.5 + Math.random();
    const longer = Math.min(backoffMs.longest, backoffMs.first * 2 ** (this.#failures - 1));
    // Something answers there, and says no to the upgrade itself.
    const refused = status !== undefined && status < 500;
    const waitMs = (refused ? refusedForMs : longer) * spread;
    this.#notBefore = performance.now() + waitMs;
    if (refused && this.#failures === 1)
      this.#log.info(
        { endpoint: this.url, reason: message, retry_in_ms: Math.round(waitMs) },
        'no WebSocket is opened there, calls go over HTTP',
      );
  }
}
