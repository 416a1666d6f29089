import type { TraceContext } from '../wire/index.ts';

/** As OpenTelemetry has them. */
export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal';

/** A span that is recorded, because its trace is sampled. */
export interface Span {
  /** Names it to its children, in this process or another. */
  readonly context: TraceContext;
  /** Sets an attribute. */
  set(name: string, value: string | number | boolean): void;
  /** Names a span of another trace that is a cause too. */
  link(other: TraceContext): void;
  /** @param failure Why it failed, such as an error code. @default it did not */
  end(failure?: string): void;
}

/** Starts spans. */
export interface Tracer {
  /**
   * Whether the trace of a call is recorded. A parent has decided that; a trace that begins here is chosen by the id of its
   * request, which all services of it know: those with the same share decide the same, without a header.
   */
  records(parent: TraceContext | undefined, requestId: string): boolean;
  /**
   * Starts a span of a trace that is recorded.
   *
   * @param name Of few values, such as `wiki.pages.get`.
   * @param parent @default it begins a trace
   */
  start(name: string, kind: SpanKind, parent: TraceContext | undefined): Span;
}

/**
 * The tracer of this process; `undefined` while tracing is off. Read without a function call, so that calls then cost
 * nothing more than that.
 *
 * @example
 * const span = tracing.tracer?.start('shop.restock', 'internal', currentScope()?.trace);
 * span?.end();
 */
export const tracing: { tracer: Tracer | undefined } = { tracer: undefined };
