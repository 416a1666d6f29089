import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Caller } from '../../contract/index.ts';
import type { Authenticate, Credentials } from '../../identity/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import {
  arraySubprotocol,
  closeCode,
  header,
  maxInFlight,
  MeshError,
  reconnectMessage,
  socketPath,
} from '../../wire/index.ts';
import type { AccessControl } from '../access/access-control.ts';
import type { CompiledProcedure, Invocation } from '../call/compile.ts';
import { credentialsIn } from '../http/connection-params.ts';
import type { Revocations } from '../call/expiry.ts';
import { errorShape } from '../call/error-shape.ts';
import type { OpenPerCaller } from '../limits/per-caller.ts';
import { lingerMs } from '../http/broken-request.ts';
import { toMeshError, type ClassifyError } from '../call/failure.ts';
import { logFailure } from '../call/failure-log.ts';
import type { Peer } from '../call/peer.ts';
import type { Mistakes } from '../limits/mistakes.ts';
import { tooLargeError } from '../http/request-body.ts';
import { isRequestId } from '../http/request-id.ts';
import type { Link } from '../http/stall.ts';
import { ConnectionCalls, type InFlight } from './in-flight.ts';
import { Inbox } from './inbox.ts';
import { SocketInvocation } from './invocation.ts';
import { Liveness } from './liveness.ts';
import { LongMessage } from './long-message.ts';
import { headerOf, isObject, WrongMessage, type SocketMessage } from './message.ts';
import { OwnCredentials } from './own-credentials.ts';
import { longestEcho, otherKind, unknownProcedure } from '../call/unknown-name.ts';
import { Outbox } from './outbox.ts';

/** For so long after it was asked to go a connection may be used, in milliseconds: what was sent before that was read gets its answer. */
const graceMs = 500;

/** The longest reason that a close frame holds, in bytes (RFC 6455 §5.5). */
const longestReason = 123;

/** What every connection of a service needs. */
export interface SessionOptions {
  readonly procedures: ReadonlyMap<string, CompiledProcedure>;
  readonly authenticate: Authenticate;
  readonly classify: ClassifyError | undefined;
  readonly log: Logger;
  /** Is told of credentials that are no good. */
  readonly access: AccessControl;
  /** Who says that a token was revoked. @default nobody does */
  readonly revocations: Revocations | undefined;
  /** What counts messages that are wrong. @default nothing does */
  readonly mistakes: Mistakes | undefined;
  /** Counts the connections of each caller. */
  readonly perCaller: OpenPerCaller;
  /** Fires, with the MeshError that subscribers get, when the service stops. */
  readonly closing: AbortSignal;
}

/** Who opened a connection. */
export interface Opener {
  /** What it was opened with; `undefined` if they come in its first message. */
  readonly credentials: Credentials | undefined;
  /** Whom they prove it to be; nobody until they come. */
  readonly caller: Caller;
  readonly peer: Peer;
  /** Whom limits count it for, as `limitKeyOf` says. @default they do not count it */
  readonly limitKey?: string | undefined;
  /** The TCP connection below. @default none, as in memory */
  readonly link?: Link;
}

/** Why a connection is closed, once what is under way is answered. */
type Farewell = Readonly<{ code: number; reason?: string; rejected?: MeshError }>;

/**
 * One connection: reads tRPC's messages, makes the calls, and sends what they
 * answer. Who calls was proved when it was opened, and is asked again for each
 * call. When that is no longer in force, the connection is closed, so that
 * its client opens another with fresh credentials.
 */
export class Session {
  /** Who opened it. */
  readonly peer: Peer;
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  readonly #limitKey: string | undefined;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #liveness: Liveness;
  readonly #inFlight = new ConnectionCalls();
  readonly #own: OwnCredentials;
  /** Whether a call was refused for want of credentials that are good. */
  #refused = false;
  #farewell: Farewell | undefined;
  /** Whether it is closed as soon as nothing is under way. */
  #ending = false;
  readonly #graceOver = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(
    socket: WebSocket,
    options: SessionOptions,
    { credentials, caller, peer, limitKey, link }: Opener,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#own = new OwnCredentials({
      authenticate: options.authenticate,
      revocations: options.revocations,
      onOver: ({ message }) => this.#leave({ code: closeCode.unauthorized, reason: message }),
    });
    if (credentials) this.#own.accept(credentials, caller);
    this.peer = peer;
    this.#limitKey = limitKey;
    this.#liveness = new Liveness(link, (payload) => {
      if (socket.readyState === socket.OPEN) socket.ping(payload);
    });
    const arrays = socket.protocol === arraySubprotocol;
    this.#outbox = new Outbox(socket, {
      arrays,
      onDrained: () => {
        this.#inbox.goOn();
        this.#closeWhenIdle();
      },
    });
    this.#inbox = new Inbox(socket, {
      ready: () => !this.#outbox.full,
      onMessage: (message) => this.#begin(message),
      onPing: () => this.#outbox.sendWord('PONG'),
      onWrong: (fault) => {
        options.mistakes?.add(limitKey);
        this.#putOut(fault, fault.closeCode, fault.id);
      },
      takeFirst: credentials ? undefined : (message) => this.#takeCredentials(message),
    });
    socket.on('message', (data, isBinary) => {
      this.#liveness.heard();
      this.#inbox.receive(data, isBinary);
    });
    socket.on('pong', (payload) => this.#liveness.answered(payload));
    socket.on('error', (error) => options.log.debug({ reason: error.message }, 'a connection failed'));
    socket.on('close', () => {
      this.#own[Symbol.dispose]();
      this.#graceOver.resolve();
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
    return this.#own.presented?.authorization === undefined;
  }

  /** Looks whether it lives, which is to be done every `beatMs`. @returns `false` where it is dead, or does not read. */
  beat(): boolean {
    return this.#liveness.beat(this.#outbox.full);
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
    this.#leave({ code: closeCode.drained });
  }

  #leave(farewell: Farewell): void {
    if (this.#farewell) return;
    this.#farewell = farewell;
    // Who was never let in is not asked to come back at once: tRPC's clients wait longer each time.
    if (!farewell.rejected) this.#outbox.send(reconnectMessage);
    this.#outbox.flush();
    const grace = setTimeout(() => {
      this.#ending = true;
      this.#graceOver.resolve();
      this.#closeWhenIdle();
    }, graceMs);
    void this.closed.then(() => clearTimeout(grace));
  }

  #closeWhenIdle(): void {
    if (!this.#ending || this.#inFlight.size > 0) return;
    this.#outbox.flush();
    // A slow reader has not got all of its answers yet.
    if (!this.#outbox.empty) return;
    this.#ending = false;
    this.#inbox.close();
    const { code = closeCode.drained, reason = '', rejected } = this.#farewell ?? {};
    if (!rejected) return this.#socket.close(code, reason.slice(0, longestReason));
    // Each call that they were presented for has told of them.
    if (!this.#refused)
      this.#options.access.refused(rejected, socketPath, { requestId: randomUUID(), peer: this.peer });
    this.#putOut(rejected, code);
  }

  /** The first message of a client that can set no headers: `wsLink` with `connectionParams`. @throws WrongMessage */
  #takeCredentials(message: unknown): void {
    if (!isObject(message) || message['method'] !== 'connectionParams')
      throw new WrongMessage('`connectionParams` must come first');
    try {
      void this.#prove(credentialsIn(message['data']));
    } catch (fault) {
      throw fault instanceof MeshError ? new WrongMessage(fault.message) : fault;
    }
  }

  /** As tRPC's adapter does where `createContext` throws: an error of no id, and the end of the connection. */
  async #prove(credentials: Credentials): Promise<void> {
    const rejected = await this.#own.prove(credentials);
    if (rejected) this.#leave({ code: closeCode.unauthorized, rejected });
  }

  /** Says what is wrong, and closes. What follows is not looked at; after a moment the connection is cut. */
  #putOut(failure: MeshError, code: number, id: number | string | null = null): void {
    this.#inbox.close();
    this.#refuse(id, failure);
    this.#outbox.flush();
    this.#socket.close(code, failure.message.slice(0, longestReason));
    const cut = setTimeout(() => this.#socket.terminate(), lingerMs);
    void this.closed.then(() => clearTimeout(cut));
  }

  #begin(message: SocketMessage): void {
    if (this.#ending && this.#farewell?.code === closeCode.drained) return;
    if (message.method === 'subscription.stop') return this.#inFlight.cancel(message.id);
    const refusal = this.#refusalOf(message);
    if (refusal) return this.#refuseCall(message, refusal);
    const call = this.#inFlight.add(message.id);
    if (!call)
      return this.#refuse(message.id, new MeshError('BAD_REQUEST', `Duplicate id ${message.id}`), message);
    // What cannot even be answered with an error leaves its caller without an answer, so without a connection.
    this.#run(message, call).catch(() => this.#socket.terminate());
  }

  /** A stranger that asks for what is not there is answered some times, and so is whoever sends what is too long. */
  #refuseCall(message: SocketMessage, refusal: MeshError): void {
    this.#refuse(message.id, refusal, message);
    const isLong = message instanceof LongMessage;
    if (!isLong && (refusal.code !== 'NOT_FOUND' || !this.anonymous)) return;
    const { mistakes } = this.#options;
    if (!mistakes?.add(this.#limitKey)) return;
    const what = isLong ? 'are too long' : 'name no procedure';
    const reason = `Too many calls ${what}: at most ${mistakes.most} in 60 s`;
    this.#putOut(new MeshError('TOO_MANY_REQUESTS', reason), closeCode.refused);
  }

  #refusalOf(message: SocketMessage): MeshError | undefined {
    const { method, params } = message;
    const path = params?.path ?? '';
    const { procedures } = this.#options;
    const compiled = procedures.get(path);
    if (!compiled)
      return message instanceof LongMessage
        ? tooLargeError('message')
        : unknownProcedure(path, procedures.keys());
    if (compiled.procedure.kind !== method) return otherKind(compiled);
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
      const failure = toMeshError(thrown, this.#options.classify);
      if (failure.code === 'UNAUTHORIZED') {
        this.#refused = true;
        await this.#own.check();
      }
      this.#fail(message, failure, requestId);
    } finally {
      this.#inFlight.delete(message.id);
      this.#closeWhenIdle();
    }
  }

  /** Who makes a call: asked for each, so that a token that has expired or was withdrawn ends at once. */
  callerOf(message: SocketMessage): Caller | Promise<Caller> {
    return this.#options.authenticate(this.credentialsOf(message));
  }

  /** What proves who makes a call: the service by the connection, a user that it acts for by each message. */
  credentialsOf({ headers }: SocketMessage): Credentials {
    // What stands in a message is any JSON; what is no text is no token either, rather than none at all.
    const { authorization, userToken: own } = this.#own.presented ?? {};
    const given: unknown = headers?.[header.userToken] ?? own;
    const userToken = given === undefined || typeof given === 'string' ? given : '';
    return { authorization, userToken };
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
      if (!signal.aborted && !(await this.#isMoved(call, error))) throw error;
    }
    // Nothing is said where the service stops: a client goes on elsewhere with what was not ended.
    if (!closing.aborted) this.#answer(message, { type: 'stopped' });
  }

  /**
   * Whether a subscription that has ended goes on elsewhere. One that ended with the credentials of its connection may be
   * moved by its client to another, opened with fresh ones; for as long as that may take it is not said to have failed.
   */
  async #isMoved(call: InFlight, error: unknown): Promise<boolean> {
    if (!(error instanceof MeshError) || error.code !== 'UNAUTHORIZED') return false;
    await this.#own.check();
    if (this.#farewell?.code !== closeCode.unauthorized) return false;
    const stopped = Promise.withResolvers<void>();
    call.addEventListener('abort', stopped.resolve);
    await Promise.race([stopped.promise, this.#graceOver.promise]);
    return call.aborted;
  }

  #answer({ id, jsonrpc }: SocketMessage, result: unknown): void {
    this.#outbox.send(JSON.stringify({ id, jsonrpc, result }));
  }

  #fail(message: SocketMessage, failure: MeshError, requestId: string): void {
    const path = message.params?.path;
    logFailure(this.#options.log, failure, { procedure: path, request_id: requestId });
    this.#refuse(message.id, failure, message, requestId);
  }

  #refuse(
    id: number | string | null,
    failure: MeshError,
    message?: SocketMessage,
    requestId = message ? requestIdOf(message) : randomUUID(),
  ): void {
    const error = errorShape(failure, { path: message?.params?.path.slice(0, longestEcho), requestId });
    this.#outbox.send(JSON.stringify({ id, jsonrpc: message?.jsonrpc, error }));
  }
}

function requestIdOf(message: SocketMessage): string {
  const given = headerOf(message, header.requestId);
  return given !== undefined && isRequestId(given) ? given : randomUUID();
}

/** With the last event that the client has seen, as tRPC's adapter gives it to the procedure. */
function inputOf({ params }: SocketMessage): unknown {
  const { input, lastEventId } = params ?? {};
  if (lastEventId === undefined) return input;
  return isObject(input) ? { ...input, lastEventId } : (input ?? { lastEventId });
}
