import type { IncomingMessage } from 'node:http';
import { TRPCError } from '@trpc/server';
import type { Caller } from '../../contract/index.ts';
import { userTokenOf, type Authenticate, type Credentials } from '../../identity/index.ts';
import {
  closeCode,
  header,
  maxArrayMessages,
  MeshError,
  parseTraceContext,
  type SocketRequest,
  type TraceContext,
} from '../../wire/index.ts';
import { parseTimeout, type CallerSignal } from '../call/deadline.ts';
import { CallOrigin } from '../call/origin.ts';
import type { Peer } from '../call/peer.ts';
import type { RawCall } from '../call/raw-call.ts';
import type { WireFormat } from '../call/wire-format.ts';
import { parseBoundedJson, shortText } from '../http/bounded-json.ts';
import type { OwnCredentials } from './own-credentials.ts';

/** A message that can be answered. */
export type SocketMessage = SocketRequest & { id: number | string };

/** An invalid message: answered once with the reason, then the connection is closed. */
export class WrongMessage extends MeshError {
  readonly closeCode: number;
  /** `null` if the message has no valid one. */
  readonly id: number | string | null;

  constructor(reason: string, { code = closeCode.refused, id = null }: WrongMessageOptions = {}) {
    super('BAD_REQUEST', `The message is not one of tRPC's: ${reason}`);
    this.closeCode = code;
    this.id = id;
  }
}

type WrongMessageOptions = { code?: number; id?: number | string | null };

const methods: ReadonlySet<unknown> = new Set(['query', 'mutation', 'subscription', 'subscription.stop']);

/** Longest text id, in characters: every answer repeats it. */
export const longestId = 256;

/** Parses the JSON of a WebSocket message. @throws WrongMessage */
export function parseMessage(text: string): unknown {
  try {
    return text.length > shortText ? parseBoundedJson(text) : JSON.parse(text);
  } catch (error) {
    if (error instanceof MeshError) throw new WrongMessage(error.message);
    throw new WrongMessage('it is not JSON', { code: closeCode.malformed });
  }
}

/** Validates one message or an array of them. @throws WrongMessage for the first invalid one. */
export function readMessages(raw: unknown): readonly SocketMessage[] {
  const messages: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  if (messages.length > maxArrayMessages)
    throw new WrongMessage(`an array of ${messages.length} is longer than ${maxArrayMessages}`);
  for (const [index, message] of messages.entries()) {
    const fault = faultOf(message);
    if (fault === undefined) continue;
    throw new WrongMessage(Array.isArray(raw) ? `element ${index}: ${fault}` : fault, { id: idOf(message) });
  }
  return messages as readonly SocketMessage[];
}

function faultOf(raw: unknown): string | undefined {
  if (!isObject(raw)) return 'it is not an object';
  const { jsonrpc, method, params, headers } = raw;
  if (idOf(raw) === null) return '`id` is required';
  if (jsonrpc !== undefined && jsonrpc !== '2.0') return '`jsonrpc` is not "2.0"';
  if (!methods.has(method)) return '`method` must be query, mutation or subscription';
  if (method !== 'subscription.stop') {
    if (!isObject(params) || typeof params['path'] !== 'string') return '`params.path` must be a string';
    const { lastEventId } = params;
    if (lastEventId !== undefined && typeof lastEventId !== 'string')
      return '`params.lastEventId` must be a string';
  }
  return headers === undefined || isObject(headers) ? undefined : '`headers` must be an object';
}

/** The id of a message; null if it has no valid one. */
export function idOf(raw: unknown): number | string | null {
  const id = isObject(raw) ? raw['id'] : undefined;
  if (typeof id === 'string') return id.length <= longestId ? id : null;
  return typeof id === 'number' && Number.isFinite(id) ? id : null;
}

/** A header of a message. A value that is not a string counts as not sent. */
export function headerOf({ headers = {} }: SocketMessage, name: string): string | undefined {
  const value: unknown = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Connection {
  readonly peer: Peer;
  readonly authenticate: Authenticate;
  readonly credentials: OwnCredentials;
  /** The request that it was opened with. @default none, as in memory */
  readonly request: IncomingMessage | undefined;
  /** What its first message held, if that came with credentials. */
  readonly connectionParams: Record<string, string> | null;
}

interface SocketCallOptions<Signal extends CallerSignal> {
  readonly requestId: string;
  readonly signal: Signal;
  readonly connection: Connection;
  readonly format?: WireFormat | undefined;
}

/** A message as a call. Reads lazily what few calls need. */
export class SocketCall<Signal extends CallerSignal> implements RawCall<Signal> {
  readonly requestId: string;
  readonly signal: Signal;
  readonly connection: Connection;
  readonly #message: SocketMessage;
  readonly #format: WireFormat | undefined;
  #origin: CallOrigin | undefined;

  constructor(message: SocketMessage, { requestId, signal, connection, format }: SocketCallOptions<Signal>) {
    this.requestId = requestId;
    this.signal = signal;
    this.connection = connection;
    this.#message = message;
    this.#format = format;
  }

  /** Verified for each call, so that expiry and revocation take effect at once. */
  identify(): Caller | Promise<Caller> {
    return this.connection.authenticate(this.#credentials());
  }

  /** Those of its connection, and the user's token of its message. */
  #credentials(): Credentials {
    const { authorization, userToken: own, certificate } = this.connection.credentials.presented ?? {};
    const given: unknown = this.#message.headers?.[header.userToken] ?? own;
    // A token that is not a string becomes an invalid one; `undefined` would mean no user.
    const userToken = given === undefined || typeof given === 'string' ? given : '';
    return { authorization, userToken, certificate };
  }

  /** Adds `lastEventId`, as tRPC's adapter does. */
  readInput(): unknown {
    const { input: sent, lastEventId } = this.#message.params ?? {};
    const input = this.#format ? this.#decode(this.#format, sent) : sent;
    if (lastEventId === undefined) return input;
    return isObject(input) ? { ...input, lastEventId } : (input ?? { lastEventId });
  }

  #decode(format: WireFormat, sent: unknown): unknown {
    try {
      return format.decode(sent);
    } catch (cause) {
      throw new TRPCError({ code: 'BAD_REQUEST', cause });
    }
  }

  get origin(): CallOrigin {
    this.#origin ??= new CallOrigin(this.connection);
    return this.#origin;
  }

  header(name: string): string | undefined {
    return headerOf(this.#message, name);
  }

  get userToken(): string | undefined {
    return userTokenOf(this.#credentials());
  }

  get peer(): Peer {
    return this.connection.peer;
  }

  get anonymous(): boolean {
    return this.connection.credentials.anonymous;
  }

  get timeoutMs(): number | undefined {
    return parseTimeout(headerOf(this.#message, header.timeoutMs));
  }

  get idempotencyKey(): string | undefined {
    const key: unknown = this.#message.headers?.[header.idempotencyKey];
    // An empty key is refused; `undefined` would count as no key.
    return key === undefined || typeof key === 'string' ? key : '';
  }

  get trace(): TraceContext | undefined {
    const message = this.#message;
    return parseTraceContext(headerOf(message, header.traceparent), headerOf(message, header.tracestate));
  }
}
