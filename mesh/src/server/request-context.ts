import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../contract/index.ts';
import type { Authenticate, Credentials } from '../identity/index.ts';
import { header, parseTimeout, parseTraceContext, type TraceContext } from '../wire/index.ts';
import type { Invocation } from './compile.ts';
import type { CallerSignal } from './deadline.ts';
import type { RequestContext } from './router.ts';

const requestIdPattern = /^[\w.:-]{1,128}$/;

/** The caller's id for the request if it is one that may stand in a log, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = textOf(request, header.requestId);
  return given !== undefined && isRequestId(given) ? given : randomUUID();
}

/** Whether an id of a caller's own making may stand in a log. */
export function isRequestId(text: unknown): boolean {
  return typeof text === 'string' && requestIdPattern.test(text);
}

/**
 * Reads who calls, for how long, and as part of which trace.
 *
 * @param calls How many calls the request makes.
 * @throws MeshError UNAUTHORIZED for credentials that are no good; none at all are no error here.
 */
export async function readContext(
  request: IncomingMessage,
  { requestId, calls }: { requestId: string; calls: number },
  authenticate: Authenticate,
): Promise<RequestContext> {
  return {
    caller: await authenticate(credentialsOf(request)),
    requestId,
    trace: traceOf(request),
    timeoutMs: parseTimeout(textOf(request, header.timeoutMs)),
    idempotencyKey: keyOf(request, calls),
  };
}

/** A request as the call that it asks for; trace and time are read when asked for: most handlers call nobody. */
export class HttpInvocation implements Invocation {
  readonly requestId: string;
  readonly caller: Caller;
  readonly input: unknown;
  readonly signal: CallerSignal;
  readonly #request: IncomingMessage;

  constructor(
    request: IncomingMessage,
    read: Pick<Invocation, 'requestId' | 'caller' | 'input'> & { signal: CallerSignal },
  ) {
    this.requestId = read.requestId;
    this.caller = read.caller;
    this.input = read.input;
    this.signal = read.signal;
    this.#request = request;
  }

  get timeoutMs(): number | undefined {
    return parseTimeout(textOf(this.#request, header.timeoutMs));
  }

  get trace(): TraceContext | undefined {
    return traceOf(this.#request);
  }

  get idempotencyKey(): string | undefined {
    return keyOf(this.#request, 1);
  }
}

/** What a request presents to prove who makes it. */
export function credentialsOf(request: IncomingMessage): Credentials {
  return {
    authorization: textOf(request, header.authorization),
    userToken: textOf(request, header.userToken),
  };
}

/** Several calls with one key would be answered with the first one's answer: theirs becomes what is no key. */
function keyOf(request: IncomingMessage, calls: number): string | undefined {
  const key = textOf(request, header.idempotencyKey);
  return key !== undefined && calls > 1 ? '' : key;
}

function traceOf(request: IncomingMessage): TraceContext | undefined {
  return parseTraceContext(textOf(request, header.traceparent), textOf(request, header.tracestate));
}

/** A header that was sent once. */
export function textOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
