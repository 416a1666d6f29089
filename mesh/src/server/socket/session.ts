import { randomUUID } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import type { Caller } from '../../contract/index.ts';
import type { Authenticate, Credentials } from '../../identity/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { closeCode, maxInFlight, header, MeshError, reconnectMessage } from '../../wire/index.ts';
import type { CompiledProcedure, Invocation } from '../compile.ts';
import { errorShape } from '../error-shape.ts';
import { toMeshError, type ClassifyError } from '../failure.ts';
import { logFailure } from '../failure-log.ts';
import type { Peer } from '../peer.ts';
import { isRequestId } from '../request-context.ts';
import { ConnectionCalls, type InFlight } from './in-flight.ts';
import { SocketInvocation } from './invocation.ts';
import { idOf, isObject, readMessage, type SocketMessage } from './message.ts';
import { Outbox } from './outbox.ts';

/** For so long after it has asked its callers to go elsewhere a service that stops begins what they send, in milliseconds. */
const graceMs = 500;

/** So many messages wait for a full outbox to drain before nothing more is read. */
const maxWaiting = 16;

/** What every connection of a service needs. */
export interface SessionOptions {
  readonly procedures: ReadonlyMap<string, CompiledProcedure>;
  readonly authenticate: Authenticate;
  readonly classify: ClassifyError | undefined;
  readonly log: Logger;
  /** Fires, with the MeshError that subscribers get, when the service stops. */
  readonly closing: AbortSignal;
}

/**
 * One connection: reads tRPC's messages, makes the calls, and sends what they
 * answer. Who calls was proved when it was opened, and is asked again for each
 * call.
 */
export class Session {
  /** Whether anything has come in since it was last asked. */
  alive = true;
  /** Who opened it. */
  readonly peer: Peer;
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #inFlight = new ConnectionCalls();
  #credentials: Credentials | undefined;
  /** Messages that came while the other side did not read. */
  #waiting: unknown[] = [];
  /** Whether nothing more is begun. */
  #ending = false;
  #closed = Promise.withResolvers<void>();

  /**
   * @param credentials What the connection was opened with; `undefined` if they come in its first message.
   * @param arrays Whether the other side takes several answers in one message.
   */
  constructor(
    socket: WebSocket,
    options: SessionOptions,
    { credentials, peer, arrays }: { credentials: Credentials | undefined; peer: Peer; arrays: boolean },
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#credentials = credentials;
    this.peer = peer;
    this.#outbox = new Outbox(socket, { arrays, onDrained: () => this.#goOn() });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => (this.alive = true));
    socket.on('error', (error) => options.log.debug({ reason: error.message }, 'a connection failed'));
    socket.on('close', () => {
      this.#inFlight.cancelAll();
      this.#outbox.release();
      this.#closed.resolve();
    });
  }

  /** Resolves when the connection is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Whether it was opened without credentials. */
  get anonymous(): boolean {
    return this.#credentials?.authorization === undefined;
  }

  /** Asks the other side for a sign of life. */
  ping(): void {
    this.alive = false;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  /** Ends it without a word. */
  terminate(): void {
    this.#socket.terminate();
  }

  /**
   * Asks the other side to go elsewhere, begins for a moment what it still
   * sends, and closes when all that was begun is answered.
   */
  drain(): void {
    this.#outbox.send(reconnectMessage);
    this.#outbox.flush();
    const grace = setTimeout(() => {
      this.#ending = true;
      this.#closeWhenIdle();
    }, graceMs);
    void this.closed.then(() => clearTimeout(grace));
  }

  #closeWhenIdle(): void {
    if (!this.#ending || this.#inFlight.size > 0) return;
    this.#outbox.flush();
    this.#socket.close(closeCode.drained);
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.alive = true;
    if (isBinary) return this.#refuse(null, malformed('it is binary'));
    // As ws gives it by default; the other forms are for options that are not set here.
    const text = (data as Buffer).toString('utf8');
    if (text === 'PING') return this.#outbox.sendWord('PONG');
    if (text === 'PONG') return;
    let messages: unknown;
    try {
      messages = JSON.parse(text);
    } catch {
      return this.#refuse(null, malformed('it is no JSON'));
    }
    if (!this.#credentials) this.#takeCredentials(messages);
    else if (!Array.isArray(messages)) this.#take(messages);
    else for (const message of messages) this.#take(message);
  }

  /** The first message of a client that can set no headers: `wsLink` with `connectionParams`. */
  #takeCredentials(message: unknown): void {
    if (!isObject(message) || message['method'] !== 'connectionParams') {
      this.#refuse(null, malformed('`connectionParams` must come first'));
      this.#outbox.flush();
      this.#socket.close(closeCode.refused);
      return;
    }
    const data = isObject(message['data']) ? message['data'] : {};
    const { authorization, [header.userToken]: userToken } = data;
    this.#credentials = {
      authorization: typeof authorization === 'string' ? authorization : undefined,
      userToken: typeof userToken === 'string' ? userToken : undefined,
    };
  }

  /** Begins what a message asks for, once the other side has read what it was answered before. */
  #take(raw: unknown): void {
    if (this.#ending) return;
    if (this.#outbox.full) {
      if (this.#waiting.push(raw) === maxWaiting) this.#socket.pause();
    } else {
      this.#begin(raw);
    }
  }

  #goOn(): void {
    while (this.#waiting.length > 0 && !this.#outbox.full) this.#take(this.#waiting.shift());
    if (this.#waiting.length === 0 && this.#socket.isPaused) this.#socket.resume();
  }

  #begin(raw: unknown): void {
    let message: SocketMessage;
    try {
      message = readMessage(raw);
    } catch (error) {
      return this.#refuse(idOf(raw), toMeshError(error));
    }
    if (message.method === 'subscription.stop') return this.#inFlight.cancel(message.id);
    const refusal = this.#refusalOf(message);
    if (refusal) return this.#refuse(message.id, refusal, message);
    const call = this.#inFlight.add(message.id);
    if (!call)
      return this.#refuse(message.id, new MeshError('BAD_REQUEST', `Duplicate id ${message.id}`), message);
    // What cannot even be answered with an error leaves its caller without an answer, so without a connection.
    this.#run(message, call).catch(() => this.#socket.terminate());
  }

  #refusalOf({ method, params }: SocketMessage): MeshError | undefined {
    const path = params?.path ?? '';
    if (this.#options.procedures.get(path)?.procedure.kind !== method)
      return new MeshError('NOT_FOUND', `No "${method}"-procedure on path "${path}"`);
    if (this.#inFlight.size >= maxInFlight)
      return new MeshError(
        'TOO_MANY_REQUESTS',
        `More than ${maxInFlight} calls are under way on this connection`,
        { retry: 'safe' },
      );
    return undefined;
  }

  async #run(message: SocketMessage, call: InFlight): Promise<void> {
    const requestId = requestIdOf(message);
    const compiled = this.#options.procedures.get(message.params?.path ?? '') as CompiledProcedure;
    try {
      const invocation = new SocketInvocation(message, { requestId, signal: call, connection: this });
      const counted = compiled.limit?.(invocation);
      if (counted) await counted;
      if (message.method === 'subscription') await this.#stream(message, call, { compiled, invocation });
      else this.#answer(message, { type: 'data', data: await compiled.call(invocation) });
    } catch (thrown) {
      this.#fail(message, toMeshError(thrown, this.#options.classify), requestId);
    } finally {
      this.#inFlight.delete(message.id);
      if (this.#ending) this.#closeWhenIdle();
    }
  }

  /** Who makes a call: asked for each, so that a token that has expired or was withdrawn ends at once. */
  callerOf(message: SocketMessage): Caller | Promise<Caller> {
    return this.#options.authenticate(this.credentialsOf(message));
  }

  /** What proves who makes a call: the service by the connection, a user that it acts for by each message. */
  credentialsOf({ headers }: SocketMessage): Credentials {
    // What stands in a message is any JSON; what is no text is no token either, rather than none at all.
    const given: unknown = headers?.[header.userToken] ?? this.#credentials?.userToken;
    const userToken = given === undefined || typeof given === 'string' ? given : '';
    return { authorization: this.#credentials?.authorization, userToken };
  }

  async #stream(
    message: SocketMessage,
    call: InFlight,
    { compiled, invocation }: { compiled: CompiledProcedure; invocation: Invocation },
  ): Promise<void> {
    const { closing } = this.#options;
    const signal = AbortSignal.any([call.toAbortSignal(), closing]);
    await compiled.arrive(invocation);
    const { caller, userToken, requestId, trace, timeoutMs, idempotencyKey, peer } = invocation;
    const events = compiled.subscribe({
      caller,
      userToken,
      requestId,
      trace,
      timeoutMs,
      idempotencyKey,
      peer,
      input: inputOf(message),
      signal,
    });
    this.#answer(message, { type: 'started' });
    try {
      for await (const [id, data] of events) {
        this.#answer(message, { type: 'data', id, data: { id, data } });
        // The next event is asked for when this one can leave.
        await this.#outbox.drained();
      }
    } catch (error) {
      // What a handler throws because its signal fired is how it ends, not a fault.
      if (!signal.aborted) throw error;
    }
    // Nothing is said where the service stops: a client goes on elsewhere with what was not ended.
    if (!closing.aborted) this.#answer(message, { type: 'stopped' });
  }

  #answer({ id, jsonrpc }: SocketMessage, result: unknown): void {
    this.#outbox.send(JSON.stringify({ id, jsonrpc, result }));
  }

  #fail(message: SocketMessage, failure: MeshError, requestId: string): void {
    const path = message.params?.path;
    logFailure(this.#options.log, failure, { procedure: path, request_id: requestId });
    this.#refuse(message.id, failure, message, requestId);
  }

  #refuse(id: number | string | null, failure: MeshError, message?: SocketMessage, requestId?: string): void {
    const error = errorShape(failure, { path: message?.params?.path, requestId });
    this.#outbox.send(JSON.stringify({ id, jsonrpc: message?.jsonrpc, error }));
  }
}

function requestIdOf({ headers }: SocketMessage): string {
  const given = headers?.[header.requestId];
  return given !== undefined && isRequestId(given) ? given : randomUUID();
}

/** With the last event that the client has seen, as tRPC's adapter gives it to the procedure. */
function inputOf({ params }: SocketMessage): unknown {
  const { input, lastEventId } = params ?? {};
  if (lastEventId === undefined) return input;
  return isObject(input) ? { ...input, lastEventId } : (input ?? { lastEventId });
}

function malformed(reason: string): MeshError {
  return new MeshError('BAD_REQUEST', `The message is not one of tRPC's: ${reason}`);
}
