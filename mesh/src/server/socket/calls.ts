import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Authenticate } from '../../identity/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { closeCode, header, MeshError, requestIdPattern } from '../../wire/index.ts';
import { Cancellation, type CallerSignal } from '../call/deadline.ts';
import { errorShape } from '../call/error-shape.ts';
import { toMeshError, type ClassifyError } from '../call/failure.ts';
import { logFailure } from '../call/failure-log.ts';
import type { Peer } from '../call/peer.ts';
import type { CompiledProcedure } from '../call/procedure.ts';
import type { RawCall } from '../call/raw-call.ts';
import type { WireFormat } from '../call/wire-format.ts';
import { longestEcho, otherKind, unknownProcedure } from '../call/unknown-name.ts';
import { tooLargeError } from '../http/request-body.ts';
import type { Mistakes } from '../limits/windows.ts';
import { mustBeWhole, resultOf, unknownOf } from './answers.ts';
import { LongMessage } from './long-message.ts';
import { headerOf, SocketCall, type SocketMessage } from './message.ts';
import type { Outbox } from './outbox.ts';
import type { OwnCredentials } from './own-credentials.ts';

/** What all connections of a service share. */
export interface CallsOptions {
  readonly procedures: ReadonlyMap<string, CompiledProcedure>;
  readonly classify: ClassifyError | undefined;
  readonly log: Logger;
  /** Counts invalid messages. @default not counted */
  readonly mistakes: Mistakes | undefined;
  /** Fires when the service stops, with the MeshError that subscribers get. */
  readonly closing: AbortSignal;
  /** The format of a path that is not a procedure's. @default that of contracts */
  readonly formatOf?: ((path: string) => WireFormat | undefined) | undefined;
}

/** The connection of the calls. */
export interface CallsConnection {
  readonly peer: Peer;
  /** The key its calls are counted under (`limitKeyOf`). @default not counted */
  readonly limitKey: string | undefined;
  readonly authenticate: Authenticate;
  readonly credentials: OwnCredentials;
  readonly request: IncomingMessage | undefined;
  readonly connectionParams: Record<string, string> | null;
  readonly outbox: Outbox;
  /** Whether its client was asked to reconnect with fresh credentials. */
  readonly renewing: boolean;
  /** Resolves when the time to reconnect is over. */
  readonly graceOver: Promise<void>;
  /** Cuts the connection: not even an error could be sent. */
  readonly cut: () => void;
  /** Sends the error and closes. */
  readonly putOut: (failure: MeshError, code: number) => void;
}

/** Runs the calls of one connection and sends their answers. */
export class Calls {
  refusedCredentials = false;
  /** Whether further calls start; otherwise they are ignored. */
  accepting = true;
  /** Called after each call while the connection ends. @default not called */
  onDone: (() => void) | undefined;
  readonly #options: CallsOptions;
  readonly #connection: CallsConnection;
  /** Not a Map: as entries come and go, V8 discards tables that link to one another and promote short-lived objects. */
  readonly #underWay: Record<number | string, Cancellation> = Object.create(null);
  #size = 0;

  constructor(options: CallsOptions, connection: CallsConnection) {
    this.#options = options;
    this.#connection = connection;
  }

  get size(): number {
    return this.#size;
  }

  cancelAll(): void {
    for (const call of Object.values(this.#underWay)) call.cancel();
  }

  begin(message: SocketMessage): void {
    if (!this.accepting) return;
    if (message.method === 'subscription.stop') return this.#underWay[keyOf(message.id)]?.cancel();
    const found = this.#find(message);
    if (found instanceof MeshError) return this.#refuse(message, found);
    const key = keyOf(message.id);
    if (this.#underWay[key])
      return this.fail(message.id, new MeshError('BAD_REQUEST', `Duplicate id ${message.id}`), {
        message,
        format: found.format,
      });
    const call = new Cancellation();
    this.#underWay[key] = call;
    this.#size += 1;
    this.#run(message, found, call).catch(this.#connection.cut);
  }

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

  /** Answers. Closes after too many long messages, or calls of unknown procedures without credentials. */
  #refuse(message: SocketMessage, refusal: MeshError): void {
    this.fail(message.id, refusal, { message, format: this.#options.formatOf?.(message.params?.path ?? '') });
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
    const { format } = compiled;
    let raw: SocketCall<CallerSignal> | undefined;
    try {
      if (message.method === 'subscription') {
        const signal = AbortSignal.any([call.toAbortSignal(), this.#options.closing]);
        const opening = new SocketCall(message, { requestId, signal, connection, format });
        raw = opening;
        await this.#stream(message, compiled, { call, raw: opening });
      } else {
        raw = new SocketCall(message, { requestId, signal: call, connection, format });
        const data = await compiled.call(raw);
        this.#answer(message, {
          type: 'data',
          data: format ? format.encode(mustBeWhole(data, message)) : data,
        });
      }
    } catch (thrown) {
      const failure = toMeshError(thrown, this.#options.classify);
      if (failure.code === 'UNAUTHORIZED') {
        this.refusedCredentials = true;
        await connection.credentials.check();
      }
      const { id, params } = message;
      logFailure(this.#options.log, failure, { procedure: params?.path, request_id: requestId });
      this.fail(id, failure, { message, requestId, format, thrown, raw });
    } finally {
      delete this.#underWay[keyOf(message.id)];
      this.#size -= 1;
      this.onDone?.();
    }
  }

  async #stream(
    message: SocketMessage,
    compiled: CompiledProcedure,
    { call, raw }: { call: Cancellation; raw: SocketCall<AbortSignal> },
  ): Promise<void> {
    const { closing } = this.#options;
    const connection = this.#connection;
    const { signal } = raw;
    const events = await compiled.subscribe(raw);
    this.#answer(message, { type: 'started' });
    try {
      for await (const event of events) {
        this.#answer(message, resultOf(event, compiled.format));
        // Backpressure: the next event waits until this one can be sent.
        await connection.outbox.drained();
      }
    } catch (error) {
      // A handler may throw because its signal fired.
      if (!signal.aborted && !(await this.#isMoved(call, error))) throw error;
    }
    // A stopping service sends nothing, so that the client resumes the subscription elsewhere.
    if (!closing.aborted) this.#answer(message, { type: 'stopped' });
  }

  /** Whether the client moves a subscription, ended by expired credentials, to a new connection in the grace period. */
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

  /** Sends an error. @param id `null` if the message has none. */
  fail(
    id: number | string | null,
    failure: MeshError,
    { message, requestId, format, thrown, raw }: FailedMessage = {},
  ): void {
    const path = message?.params?.path.slice(0, longestEcho);
    const kind = message && message.method !== 'subscription.stop' ? message.method : 'unknown';
    const error = format
      ? format.fail({
          thrown: thrown ?? unknownOf(format, failure, { path, kind }),
          failure,
          path,
          kind,
          raw,
        }).error
      : errorShape(failure, {
          path,
          requestId: requestId ?? (message ? requestIdOf(message) : randomUUID()),
        });
    this.#connection.outbox.send(JSON.stringify({ id, jsonrpc: message?.jsonrpc, error }));
  }
}

interface FailedMessage {
  readonly message?: SocketMessage;
  readonly requestId?: string;
  readonly format?: WireFormat | undefined;
  readonly thrown?: unknown;
  readonly raw?: RawCall | undefined;
}

/** `1` and `"1"` are different ids. */
function keyOf(id: number | string): number | string {
  return typeof id === 'string' ? `"${id}` : id;
}

function requestIdOf(message: SocketMessage): string {
  const given = headerOf(message, header.requestId);
  return given !== undefined && requestIdPattern.test(given) ? given : randomUUID();
}
