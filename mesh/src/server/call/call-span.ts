import type { Caller } from '../../contract/index.ts';
import type { Span, Tracer } from '../../telemetry/index.ts';
import { errorCodes, type ErrorCode } from '../../wire/index.ts';
import { callerName } from '../access/access-control.ts';
import type { Binding } from './binding.ts';
import { toMeshError } from './failure.ts';
import type { RawCall } from './raw-call.ts';

/** The spans of failed calls, by what was thrown: the failure is logged where it is answered. */
const failedIn = new WeakMap<object, Span>();

/** The span of a call, or of the opening of a subscription. Only sampled calls have one. */
export class CallSpan {
  readonly span: Span;
  readonly #bound: Pick<Binding, 'classify'>;
  #ended = false;

  /** @returns `undefined` if its trace is not recorded. */
  static start(
    tracer: Tracer,
    bound: Pick<Binding, 'name' | 'classify'>,
    raw: RawCall,
  ): CallSpan | undefined {
    const { trace, requestId } = raw;
    return tracer.records(trace, requestId)
      ? new CallSpan(tracer.start(bound.name, 'server', trace), bound, requestId)
      : undefined;
  }

  private constructor(span: Span, bound: Pick<Binding, 'name' | 'classify'>, requestId: string) {
    this.span = span;
    this.#bound = bound;
    span.set('rpc.system.name', 'trpc');
    span.set('rpc.method', bound.name);
    span.set('mesh.request_id', requestId);
  }

  set caller(caller: Caller) {
    this.span.set('mesh.caller', callerName(caller));
  }

  succeed(): void {
    this.#end('OK');
  }

  fail(thrown: unknown): void {
    this.#end(toMeshError(thrown, this.#bound.classify).code);
    if (typeof thrown === 'object' && thrown !== null) failedIn.set(thrown, this.span);
  }

  #end(code: ErrorCode | 'OK'): void {
    if (this.#ended) return;
    this.#ended = true;
    this.span.set('rpc.response.status_code', code);
    // As OpenTelemetry has it for servers: the mistake of a caller is not an error here.
    this.span.end(code !== 'OK' && errorCodes[code].blames === 'endpoint' ? code : undefined);
  }
}

/** The fields of a log line that name the span of a failed call. */
export function spanFields(failure: Error): { trace_id?: string; span_id?: string } {
  const { cause } = failure;
  const span =
    failedIn.get(failure) ?? (typeof cause === 'object' && cause !== null ? failedIn.get(cause) : undefined);
  return span ? { trace_id: span.context.traceId, span_id: span.context.spanId } : {};
}
