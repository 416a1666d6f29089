import { currentScope, remember, tracing, type Span, type Tracer } from '../telemetry/index.ts';
import { formatTraceparent, header, type TraceContext } from '../wire/index.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import type { TransportName } from './transports/transport.ts';

/** The span of a call, and those of its attempts and of the waits between them. Only sampled calls have one. */
export class CallSpan {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #name: string;
  #wait: Span | undefined;

  /** @param name Target and procedure, such as `wiki.pages.get`. */
  constructor(tracer: Tracer, name: string, parent: TraceContext | undefined) {
    this.#tracer = tracer;
    this.#name = name;
    this.#span = tracer.start(name, 'client', parent);
    this.#span.set('rpc.system.name', 'trpc');
    this.#span.set('rpc.method', name);
  }

  get context(): TraceContext {
    return this.#span.context;
  }

  /** @param attempt Which, from 1; more than one span has the same number after a failover or a hedge. */
  attempt(endpoint: Endpoint, { attempt, cause }: AttemptCause): Span {
    this.endWait();
    const span = this.#tracer.start(`${this.#name} attempt`, 'client', this.#span.context);
    const { address, port } = serverOf(endpoint.url);
    span.set('server.address', address);
    if (port !== undefined) span.set('server.port', port);
    if (endpoint.address.ip !== undefined) span.set('network.peer.address', endpoint.address.ip);
    span.set('mesh.attempt', attempt);
    if (cause !== undefined) span.set('mesh.attempt.cause', cause);
    return span;
  }

  /** Shows the wait before a retry. */
  wait(reason: string, waitMs: number): void {
    this.#wait = this.#tracer.start(`${this.#name} retry wait`, 'internal', this.#span.context);
    this.#wait.set('mesh.retry.reason', reason);
    this.#wait.set('mesh.retry.wait_ms', Math.round(waitMs));
  }

  endWait(): void {
    this.#wait?.end();
    this.#wait = undefined;
  }

  end(code: string, { attempts, requestId }: { attempts: number; requestId: string | undefined }): void {
    this.endWait();
    this.#span.set('rpc.response.status_code', code);
    this.#span.set('mesh.attempts', attempts);
    if (requestId !== undefined) this.#span.set('mesh.request_id', requestId);
    this.#span.end(code === 'OK' ? undefined : code);
  }
}

/** Where an endpoint is; there are few of them. */
const serverOf = remember((url) => {
  const { hostname, port } = new URL(url);
  return { address: hostname, port: port === '' ? undefined : Number(port) };
});

/** Why an attempt is made, besides the call itself or its retry. */
export type AttemptCause = Readonly<{ attempt: number; cause: 'failover' | 'hedge' | undefined }>;

/** @param via The transport of the answer. */
export function endAttempt(span: Span, code: string, via: TransportName | 'none'): void {
  span.set('rpc.response.status_code', code);
  if (via !== 'none') span.set('mesh.transport', via);
  span.end(code === 'OK' ? undefined : code);
}

/** Another attempt was faster. This one has not failed. */
export function endOutrun(span: Span): void {
  span.set('rpc.response.status_code', 'CLIENT_CLOSED_REQUEST');
  span.set('mesh.attempt.outrun', true);
  span.end();
}

/** The span that opens a subscription, if its trace is recorded. */
export function startOpening(name: string): Span | undefined {
  const { tracer } = tracing;
  const scope = currentScope();
  if (!tracer?.records(scope?.trace, scope?.requestId ?? crypto.randomUUID())) return undefined;
  const span = tracer.start(name, 'client', scope?.trace);
  span.set('rpc.system.name', 'trpc');
  span.set('rpc.method', name);
  return span;
}

/** The same message in another trace. Attempts share their headers, and two may be under way. */
export function inTrace<Message extends { readonly headers: Record<string, string> }>(
  message: Message,
  trace: TraceContext,
): Message {
  return { ...message, headers: { ...message.headers, [header.traceparent]: formatTraceparent(trace) } };
}
