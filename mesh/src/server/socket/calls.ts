import { randomUUID } from 'node:crypto';
import type { Logger } from '../../telemetry/index.ts';
import { closeCode, header, isRequestId, MeshError } from '../../wire/index.ts';
import { Cancellation } from '../call/deadline.ts';
import { errorShape } from '../call/error-shape.ts';
import { toMeshError, type ClassifyError } from '../call/failure.ts';
import { logFailure } from '../call/failure-log.ts';
import type { Peer } from '../call/peer.ts';
import type { CompiledProcedure } from '../call/procedure.ts';
import { longestEcho, otherKind, unknownProcedure } from '../call/unknown-name.ts';
import { tooLargeError } from '../http/request-body.ts';
import type { Mistakes } from '../limits/windows.ts';
import { LongMessage } from './long-message.ts';
import { headerOf, SocketCall, type SocketMessage } from './message.ts';
import type { Outbox } from './outbox.ts';
import type { OwnCredentials } from './own-credentials.ts';

/** What the calls of every connection need. */
export interface CallsOptions {
  readonly procedures: ReadonlyMap<string, CompiledProcedure>;
  readonly classify: ClassifyError | undefined;
  readonly log: Logger;
  /** What counts messages that are wrong. @default nothing does */
  readonly mistakes: Mistakes | undefined;
  /** Fires, with the MeshError that subscribers get, when the service stops. */
  readonly closing: AbortSignal;
}

/** The connection that calls come over. */
export interface CallsConnection {
  readonly peer: Peer;
  /** Whom limits count it for, as `limitKeyOf` says. @default they do not count it */
  readonly limitKey: string | undefined;
  readonly credentials: OwnCredentials;
  readonly outbox: Outbox;
  /** Whether its client opens another one now, with fresh credentials. */
  readonly renewing: boolean;
  /** Resolves when a client that was asked to go elsewhere has had the time for it. */
  readonly graceOver: Promise<void>;
  /** Is told when a call is over. */
  onDone(): void;
  /** Says what is wrong, and closes it. */
  readonly putOut: (failure: MeshError, code: number) => void;
}

/** The calls of one connection: begins what its messages ask for, and sends what that answers. */
export class Calls {
  /** Whether a call was refused for invalid credentials. */
  refusedCredentials = false;
  readonly #options: CallsOptions;
  readonly #connection: CallsConnection;
  /**
   * Those under way, by the ids that the caller gave them. Not a Map: one whose elements come and go leaves tables behind
   * that point at one another, and what was young when they were thrown away grows old with them; a dictionary does not.
   */
  readonly #underWay: Record<number | string, Cancellation> = Object.create(null);
  #size = 0;

  constructor(options: CallsOptions, connection: CallsConnection) {
    this.#options = options;
    this.#connection = connection;
  }

  /** How many are under way. */
  get size(): number {
    return this.#size;
  }

  cancelAll(): void {
    for (const call of Object.values(this.#underWay)) call.cancel();
  }

  /**
   * Begins what a message asks for.
   *
   * @param onFault Is told where not even an error can be answered.
   */
  begin(message: SocketMessage, onFault: () => void): void {
    if (message.method === 'subscription.stop') return this.#underWay[keyOf(message.id)]?.cancel();
    const found = this.#find(message);
    if (found instanceof MeshError) return this.#refuse(message, found);
    const key = keyOf(message.id);
    if (this.#underWay[key])
      return this.fail(message.id, new MeshError('BAD_REQUEST', `Duplicate id ${message.id}`), message);
    const call = new Cancellation();
    this.#underWay[key] = call;
    this.#size += 1;
    this.#run(message, found, call).catch(onFault);
  }

  /** The procedure that a message asks for, or why it is refused. */
  #find(message: SocketMessage): CompiledProcedure | MeshError {
    const path = message.params?.path ?? '';
    const { procedures } = this.#options;
    const compiled = procedures.get(path);
    if (!compiled)
      return message instanceof LongMessage
        ? tooLargeError('message')
        : unknownProcedure(path, procedures.keys());
    return compiled.procedure.kind === message.method ? compiled : otherKind(compiled);
  }

  /** A stranger that asks for what is not there is answered some times, and so is a caller whose messages are too long. */
  #refuse(message: SocketMessage, refusal: MeshError): void {
    this.fail(message.id, refusal, message);
    const { credentials, limitKey, putOut } = this.#connection;
    const isLong = message instanceof LongMessage;
    if (!isLong && (refusal.code !== 'NOT_FOUND' || !credentials.anonymous)) return;
    const { mistakes } = this.#options;
    if (!mistakes?.add(limitKey)) return;
    const what = isLong ? 'that are too long' : 'of unknown procedures';
    const reason = `Too many calls ${what}: at most ${mistakes.most} in 60 s`;
    putOut(new MeshError('TOO_MANY_REQUESTS', reason), closeCode.refused);
  }

  async #run(message: SocketMessage, compiled: CompiledProcedure, call: Cancellation): Promise<void> {
    const requestId = requestIdOf(message);
    const connection = this.#connection;
    try {
      if (message.method === 'subscription') await this.#stream(message, compiled, { call, requestId });
      else {
        const raw = new SocketCall(message, { requestId, signal: call, connection });
        this.#answer(message, { type: 'data', data: await compiled.call(raw) });
      }
    } catch (thrown) {
      const failure = toMeshError(thrown, this.#options.classify);
      if (failure.code === 'UNAUTHORIZED') {
        this.refusedCredentials = true;
        await connection.credentials.check();
      }
      const { id, params } = message;
      logFailure(this.#options.log, failure, { procedure: params?.path, request_id: requestId });
      this.fail(id, failure, message, requestId);
    } finally {
      delete this.#underWay[keyOf(message.id)];
      this.#size -= 1;
      connection.onDone();
    }
  }

  async #stream(
    message: SocketMessage,
    compiled: CompiledProcedure,
    { call, requestId }: { call: Cancellation; requestId: string },
  ): Promise<void> {
    const { closing } = this.#options;
    const connection = this.#connection;
    const signal = AbortSignal.any([call.toAbortSignal(), closing]);
    const events = await compiled.subscribe(new SocketCall(message, { requestId, signal, connection }));
    this.#answer(message, { type: 'started' });
    try {
      for await (const [id, data] of events) {
        this.#answer(message, { type: 'data', id, data: { id, data } });
        // The next event is asked for when this one can leave.
        await connection.outbox.drained();
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
  async #isMoved(call: Cancellation, error: unknown): Promise<boolean> {
    if (!(error instanceof MeshError) || error.code !== 'UNAUTHORIZED') return false;
    const connection = this.#connection;
    await connection.credentials.check();
    if (!connection.renewing) return false;
    const stopped = Promise.withResolvers<void>();
    call.addEventListener('abort', stopped.resolve);
    await Promise.race([stopped.promise, connection.graceOver]);
    return call.aborted;
  }

  #answer({ id, jsonrpc }: SocketMessage, result: unknown): void {
    this.#connection.outbox.send(JSON.stringify({ id, jsonrpc, result }));
  }

  /** Answers with an error. @param id Of the message; null where it has none. */
  fail(
    id: number | string | null,
    failure: MeshError,
    message?: SocketMessage,
    requestId = message ? requestIdOf(message) : randomUUID(),
  ): void {
    const error = errorShape(failure, { path: message?.params?.path.slice(0, longestEcho), requestId });
    this.#connection.outbox.send(JSON.stringify({ id, jsonrpc: message?.jsonrpc, error }));
  }
}

/** 1 and "1" are two ids. */
function keyOf(id: number | string): number | string {
  return typeof id === 'string' ? `"${id}` : id;
}

function requestIdOf(message: SocketMessage): string {
  const given = headerOf(message, header.requestId);
  return given !== undefined && isRequestId(given) ? given : randomUUID();
}
