import { backoffMs, timeouts, type Backoff } from '../../../resilience/index.ts';
import type { Logger } from '../../../telemetry/index.ts';
import type { Request } from '../../request.ts';
import { TransportError, type Answer, type Transport } from '../transport.ts';
import { MovedError, SocketConnection } from './connection.ts';
import { NotOpened, openSocket, type OpenSocket } from './open.ts';

/** Longest time that an upgrade may take, in milliseconds; a proxy that knows nothing of WebSockets may never answer one. */
const upgradeTimeoutMs = 2000;

/** For so long the first calls wait for the connection, in milliseconds; later ones never wait for one. */
const firstWaitMs = 300;

/** A connection is taken for lost, and another one opened, where it is suspect and a ping has had no answer for so long, in milliseconds: most of them have one by then. */
const pongWithinMs = 300;

/** Where no WebSocket is spoken, it is asked for again after so long, in milliseconds. */
const refusedForMs = 30_000;

/** Waits after a connection that could not be made. */
const backoff: Backoff = { baseMs: 100, maxMs: 10_000, jitter: 0.5 };

/** A connection is kept for so long before another caller's takes its place, in milliseconds. */
const keepForMs = 1000;

/**
 * Makes the transport that speaks tRPC's messages over one WebSocket, opened
 * with the first call. Where none can be had, calls go over HTTP, and it is
 * tried again later.
 *
 * @param http What carries the calls in the meantime.
 * @param options.ip Connects there, whatever addresses the URL's name has.
 * @param options.open Opens the WebSockets. @default over TCP
 */
export function createSocketTransport(http: Transport, options: SocketTransportOptions): Transport {
  return new SocketTransport(http, options);
}

interface SocketTransportOptions {
  log: Logger;
  ip?: string | undefined;
  open?: OpenSocket;
}

class SocketTransport implements Transport {
  readonly url: string;
  readonly #http: Transport;
  readonly #log: Logger;
  readonly #ip: string | undefined;
  readonly #openSocket: OpenSocket;
  readonly #closing = new AbortController();
  readonly #open = new Set<SocketConnection>();
  #connection: SocketConnection | undefined;
  #opening: Promise<void> | undefined;
  /** Not before then, on the clock of `performance.now()`, is another one opened. */
  #notBefore = 0;
  #failures = 0;
  /** Whether one was ever opened there. */
  #spoken = false;
  /** Credentials that opened nothing: calls with them go over HTTP, which says why. */
  #refused: string | undefined;
  /** For so long, on the clock of `performance.now()`. */
  #refusedUntil = 0;

  constructor(http: Transport, { log, ip, open = openSocket }: SocketTransportOptions) {
    this.url = http.url;
    this.#http = http;
    this.#log = log;
    this.#ip = ip;
    this.#openSocket = open;
  }

  get leaving(): boolean {
    return this.#connection?.open === true && this.#connection.leaving;
  }

  send(request: Request): Promise<Answer> {
    const connection = this.#connectionFor(request);
    return connection ? this.#sendOn(connection, request) : this.#connectAndSend(request);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#opening;
    await Promise.all([...[...this.#open].map((connection) => connection.close()), this.#http.close()]);
  }

  #connectionFor({ authorization }: Request): SocketConnection | undefined {
    const connection = this.#connection;
    return connection?.open && !connection.suspect && connection.authorization === authorization
      ? connection
      : undefined;
  }

  /** One that the server did nothing with, because it stops, is sent elsewhere. */
  #sendOn(connection: SocketConnection, request: Request): Promise<Answer> {
    return connection.send(request).catch((error: unknown) => {
      if (error instanceof MovedError && !request.cancelled) {
        request.sent = false;
        return this.#connectAndSend(request);
      }
      throw error instanceof TransportError
        ? new TransportError(`${this.url} gave no answer: ${error.message}`, error)
        : error;
    });
  }

  async #connectAndSend(request: Request): Promise<Answer> {
    this.#openFor(request.authorization);
    // Where one could not be opened before, it may take long again: nobody waits for it.
    if (this.#opening && this.#failures === 0) await Promise.race([this.#opening, wait(firstWaitMs)]);
    if (request.cancelled) throw new TransportError('The call was cancelled', { reached: false });
    const connection = this.#connectionFor(request);
    return connection ? await this.#sendOn(connection, request) : await this.#http.send(request);
  }

  /** Begins to open a connection, where there is none for these credentials and one may be had. */
  #openFor(authorization: string | undefined): void {
    const present = this.#connection;
    const lives = present?.open && present.suspectForMs < pongWithinMs;
    if (lives && present.authorization === authorization) return;
    if (this.#opening || this.#closing.signal.aborted || performance.now() < this.#notBefore) return;
    if (
      authorization !== undefined &&
      authorization === this.#refused &&
      performance.now() < this.#refusedUntil
    )
      return;
    this.#opening = this.#openAnother(authorization).finally(() => (this.#opening = undefined));
  }

  /** Opens a connection in the place of the present one, which stays until then. Never fails. */
  async #openAnother(authorization: string | undefined): Promise<void> {
    try {
      const socket = await this.#openSocket(this.url, {
        ip: this.#ip,
        authorization,
        timeoutMs: upgradeTimeoutMs,
        signal: this.#closing.signal,
      });
      const opened: SocketConnection = new SocketConnection(socket, {
        authorization,
        reconnect: () => this.#move(opened),
        close: () => this.#open.delete(opened),
      });
      this.#open.add(opened);
      this.#connection?.retire();
      this.#connection = opened;
      this.#failures = 0;
      this.#spoken = true;
      // Callers with other credentials go over HTTP for a while, or each call would open one of its own.
      this.#notBefore = performance.now() + keepForMs;
    } catch (error) {
      // Credentials that no header may hold are no better than those that open nothing.
      const failure = error instanceof NotOpened ? error : new NotOpened(String(error), 'credentials');
      if (failure.reason === 'credentials' && authorization !== undefined)
        this.#refuse(authorization, failure);
      else this.#giveUpFor(failure);
    }
  }

  /** The server is about to stop: new calls go to another process as soon as one lets us in. */
  #move(from: SocketConnection): void {
    if (this.#connection !== from || this.#opening || this.#closing.signal.aborted) return;
    this.#opening = this.#openAnother(from.authorization).finally(() => (this.#opening = undefined));
  }

  #refuse(authorization: string, { message }: NotOpened): void {
    const known = this.#refused === authorization;
    this.#refused = authorization;
    this.#refusedUntil = performance.now() + refusedForMs;
    if (!known)
      this.#log.info(
        { endpoint: this.url, reason: message, retry_in_ms: refusedForMs },
        'the endpoint accepts no WebSocket with these credentials; calls go over HTTP',
      );
  }

  #giveUpFor({ reason, message }: NotOpened): void {
    this.#failures += 1;
    // Something is there, and does not open a WebSocket; where it has opened one, it may be the network that ignores us.
    const refused =
      reason === 'refused' || reason === 'credentials' || (reason === 'ignored' && !this.#spoken);
    const waitMs = refused
      ? backoffMs(1, { baseMs: refusedForMs, jitter: 0.5 })
      : backoffMs(this.#failures, backoff);
    this.#notBefore = performance.now() + waitMs;
    if ((refused || reason === 'ignored') && this.#failures === 1)
      this.#log.info(
        { endpoint: this.url, reason: message, retry_in_ms: Math.round(waitMs) },
        'the endpoint accepts no WebSocket; calls go over HTTP',
      );
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => timeouts.start(ms, resolve));
}
