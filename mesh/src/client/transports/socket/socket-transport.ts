import { backoffMs, within, type Backoff } from '../../../resilience/index.ts';
import type { Logger } from '../../../telemetry/index.ts';
import type { Tls } from '../../../tls/index.ts';
import type { Request } from '../../request.ts';
import {
  longestConnectMs,
  TransportError,
  type Answer,
  type Transport,
  type ContractTerms,
} from '../transport.ts';
import { SocketConnection } from './connection.ts';
import { NotOpened } from './not-opened.ts';
import { openSocket, type OpenSocket } from './open.ts';

/** Shortest time before a connection with other credentials replaces this one, in milliseconds. */
const keepForMs = 1000;

export interface SocketTransportOptions {
  log: Logger;
  /** IP address to connect to. @default resolved from the URL */
  ip?: string | undefined;
  /** For a URL with https; after a change, another connection replaces this one. @default as Node verifies it */
  tls?: Tls | undefined;
  /** Told of the contract of each process that a connection is opened to. @default contracts are not compared */
  contracts?: ContractTerms | undefined;
  /** Path of the WebSocket below the URL. @default '/trpc' */
  path?: string | undefined;
  /** Opens WebSockets. @default over TCP */
  open?: OpenSocket;
  /** How long calls wait for the first connection, and a suspect one for a pong, in milliseconds. @default 300 */
  waitMs?: number;
  /** Time until the next try after an endpoint refused to open a WebSocket, in milliseconds. @default 30000 */
  refusedForMs?: number;
  /** Waits after a failed connection. @default 100 ms to 10 s, ±50 % */
  backoff?: Backoff;
}

/** What the transport does about its next connection: nothing until then, opens it, or nothing any more. */
type Mode =
  | Readonly<{ name: 'resting'; until: number; failures: number }>
  | Readonly<{ name: 'opening'; done: Promise<void>; failures: number }>
  | Readonly<{ name: 'closed' }>;

/**
 * Speaks tRPC's messages over one WebSocket, opened with the first call. Without a WebSocket, calls go over HTTP.
 *
 * @example
 * declare const overHttp: Transport; // for as long as no WebSocket is open
 * const transport: Transport = new SocketTransport(overHttp, { log });
 */
export class SocketTransport implements Transport {
  readonly url: string;
  readonly #http: Transport;
  readonly #options: SocketTransportOptions &
    Required<Omit<SocketTransportOptions, 'contracts' | 'ip' | 'path' | 'tls'>>;
  readonly #closing = new AbortController();
  readonly #open = new Set<SocketConnection>();
  #connection: SocketConnection | undefined;
  #mode: Mode = { name: 'resting', until: 0, failures: 0 };
  /** Whether the endpoint ever opened a WebSocket. */
  #spoken = false;
  /** Credentials that opened no WebSocket; their calls go over HTTP, which reports the reason. */
  #refused: string | undefined;
  #refusedUntil = 0;
  readonly #stopFollowing: (() => void) | undefined;

  /** @param http Carries the calls while there is no WebSocket. */
  constructor(http: Transport, options: SocketTransportOptions) {
    this.url = http.url;
    this.#http = http;
    this.#options = {
      open: openSocket,
      waitMs: 300,
      refusedForMs: 30_000,
      backoff: { baseMs: 100, maxMs: 10_000, jitter: 0.5 },
      ...options,
    };
    this.#stopFollowing = options.tls?.onChange(() => {
      if (this.#connection?.open) this.#openWith(this.#connection.authorization);
    });
  }

  get leaving(): boolean {
    return this.#connection?.open === true && this.#connection.leaving;
  }

  get shared(): boolean {
    return !this.#connection?.open;
  }

  get contract(): string | undefined {
    return this.#connection?.open ? this.#connection.contract : this.#http.contract;
  }

  send(request: Request): Promise<Answer> {
    const connection = this.#connectionFor(request);
    return connection ? connection.send(request) : this.#connectAndSend(request);
  }

  async close(): Promise<void> {
    const { done } = this.#mode as { done?: Promise<void> };
    this.#stopFollowing?.();
    this.#closing.abort();
    this.#enter({ name: 'closed' });
    await done;
    await Promise.all([...[...this.#open].map((connection) => connection.close()), this.#http.close()]);
  }

  #connectionFor({ authorization }: Request): SocketConnection | undefined {
    const connection = this.#connection;
    return connection?.open && !connection.suspect && connection.authorization === authorization
      ? connection
      : undefined;
  }

  /** Sends again a request that a stopping server did not start. */
  #onLost(request: Request, why: string, moved: boolean): Promise<Answer> {
    if (!moved || request.cancelled)
      return Promise.reject(
        new TransportError(`${this.url} gave no answer: ${why}`, { reached: request.sent }),
      );
    request.sent = false;
    return this.#connectAndSend(request);
  }

  async #connectAndSend(request: Request): Promise<Answer> {
    this.#openFor(request.authorization);
    const mode = this.#mode;
    // After a failure, opening may take long again: do not wait.
    if (mode.name === 'opening' && mode.failures === 0)
      await within(() => mode.done, { ms: this.#options.waitMs, onLate: () => undefined });
    if (request.cancelled) throw new TransportError('The call was cancelled', { reached: false });
    const connection = this.#connectionFor(request);
    if (!connection) return await this.#http.send(request);
    request.mustFit(connection.contract);
    return await connection.send(request);
  }

  /** Starts to open a connection for these credentials, if there is none. */
  #openFor(authorization: string | undefined): void {
    const present = this.#connection;
    const lives = present?.open && present.suspectForMs < this.#options.waitMs;
    if (lives && present.authorization === authorization) return;
    const isRefused = authorization !== undefined && authorization === this.#refused;
    if (isRefused && performance.now() < this.#refusedUntil) return;
    if (this.#mode.name === 'resting' && performance.now() >= this.#mode.until) this.#openWith(authorization);
  }

  /** Opens another connection, whenever the last one was opened, or failed. */
  #openWith(authorization: string | undefined): void {
    if (this.#mode.name !== 'resting') return;
    const { failures } = this.#mode;
    const before = this.#mode;
    const open = async (): Promise<void> => this.#enter(await this.#openAnother(authorization, before));
    this.#enter({ name: 'opening', done: open(), failures });
  }

  #enter(mode: Mode): void {
    if (this.#mode.name !== 'closed') this.#mode = mode;
  }

  /** Opens a connection, then retires the present one. Never fails. @returns The mode that follows. */
  async #openAnother(authorization: string | undefined, before: Mode & { name: 'resting' }): Promise<Mode> {
    const { open, ip, tls, path, contracts } = this.#options;
    try {
      const socket = await open(this.url, {
        ip,
        tls,
        path,
        authorization,
        contract: contracts?.ours,
        timeoutMs: longestConnectMs,
        signal: this.#closing.signal,
      });
      const opened: SocketConnection = new SocketConnection(socket, {
        authorization,
        reconnect: () => this.#move(opened),
        lost: (request, why, moved) => this.#onLost(request, why, moved),
        close: () => this.#open.delete(opened),
      });
      this.#open.add(opened);
      if (socket.contract !== undefined) contracts?.heard(socket.contract);
      this.#connection?.retire();
      this.#connection = opened;
      this.#spoken = true;
      // For a while, calls with other credentials go over HTTP; otherwise each would open a connection.
      return { name: 'resting', until: performance.now() + keepForMs, failures: 0 };
    } catch (error) {
      // Credentials that are invalid in a header count as refused.
      const failure = error instanceof NotOpened ? error : new NotOpened(String(error), 'credentials');
      if (failure.reason !== 'credentials' || authorization === undefined)
        return this.#failed(failure, before.failures + 1);
      this.#refuse(authorization, failure);
      return before;
    }
  }

  /** The server is about to stop: connects to another process. */
  #move(from: SocketConnection): void {
    if (this.#connection === from) this.#openWith(from.authorization);
  }

  #refuse(authorization: string, { message }: NotOpened): void {
    const { log, refusedForMs } = this.#options;
    const known = this.#refused === authorization;
    this.#refused = authorization;
    this.#refusedUntil = performance.now() + refusedForMs;
    if (!known)
      log.info(
        { endpoint: this.url, reason: message, retry_in_ms: refusedForMs },
        'the endpoint accepts no WebSocket with these credentials; calls go over HTTP',
      );
  }

  #failed({ reason, message }: NotOpened, failures: number): Mode {
    const { log, refusedForMs, backoff } = this.#options;
    // After a WebSocket was once opened, no answer to an upgrade may be the network's fault.
    const refused =
      reason === 'refused' || reason === 'credentials' || (reason === 'ignored' && !this.#spoken);
    const waitMs = refused
      ? backoffMs(1, { baseMs: refusedForMs, jitter: 0.5 })
      : backoffMs(failures, backoff);
    if ((refused || reason === 'ignored') && failures === 1)
      log.info(
        { endpoint: this.url, reason: message, retry_in_ms: Math.round(waitMs) },
        'the endpoint accepts no WebSocket; calls go over HTTP',
      );
    return { name: 'resting', until: performance.now() + waitMs, failures };
  }
}
