import {
  currentScope,
  scopes,
  tracing,
  formatTraceparent,
  parseTraceContext,
  type Span,
  type TraceContext,
} from '@arcadium/mesh/telemetry';
import { isErrorCode } from '@arcadium/mesh/contract';
import type { Delivery } from './claims.ts';
import type { AnyOutbox, OutboxPayload } from './tables.ts';

type Named = Pick<AnyOutbox['tables'], 'messages'>;

/**
 * Writes messages as part of the trace of the current call, so that their delivery is part of it too.
 *
 * @param write Gets the value for their column `OutboxTables.traceparent`; `null` without a trace.
 *
 * @example
 * await produce(notificationOutbox, (traceparent) =>
 *   transaction.notificationOutbox.create({ data: { ...notice, traceparent } }),
 * );
 */
export async function produce<Result>(
  tables: Named,
  write: (traceparent: string | null) => PromiseLike<Result>,
): Promise<Result> {
  const { tracer } = tracing;
  const scope = currentScope();
  const parent = scope?.trace;
  const recorded = tracer?.records(parent, scope?.requestId ?? crypto.randomUUID());
  const span = recorded ? tracer?.start(`${tables.messages} send`, 'producer', parent) : undefined;
  if (span) describe(span, tables, 'send');
  const trace = span?.context ?? parent;
  try {
    const result = await write(trace ? formatTraceparent(trace) : null);
    span?.end();
    return result;
  } catch (error) {
    span?.end(codeOf(error));
    throw error;
  }
}

/** Deliveries that one call carries, of messages that may be of several traces. */
interface Consumed<Payload extends OutboxPayload, Answer> {
  tables: Named;
  group: readonly Delivery<Payload>[];
  /** Ends the call. */
  signal: AbortSignal;
  /** Which recipients did not get their messages. */
  undeliveredOf: (answer: Answer) => ReadonlySet<string>;
}

/**
 * Delivers messages as part of the traces that wrote them: each has a span in its own trace. A call is of one trace, so it
 * is part of the first one, and the spans in others are linked to it.
 */
export async function consume<Payload extends OutboxPayload, Answer>(
  { tables, group, signal, undeliveredOf }: Consumed<Payload, Answer>,
  deliver: () => Promise<Answer>,
): Promise<Answer> {
  const spans = spansOf(tables, group);
  const [first, ...others] = spans.values();
  for (const span of others) if (first) span.link(first.context);
  const trace = first?.context ?? traceOf(group.find((delivery) => traceOf(delivery)));
  if (!trace) return deliver();
  try {
    const scope = { requestId: crypto.randomUUID(), trace, span: first, deadline: Infinity, signal };
    const answer = await scopes.run(scope, deliver);
    const undelivered = undeliveredOf(answer);
    for (const [messageId, span] of spans) {
      const failed = group.some((one) => one.messageId === messageId && undelivered.has(one.recipient));
      span.end(failed ? 'undelivered' : undefined);
    }
    return answer;
  } catch (error) {
    for (const span of spans.values()) span.end(codeOf(error));
    throw error;
  }
}

/** A span for each message of a recorded trace, by its id. */
function spansOf(tables: Named, group: readonly Delivery[]): Map<string, Span> {
  const spans = new Map<string, Span>();
  const { tracer } = tracing;
  for (const delivery of group) {
    const { messageId, attempts } = delivery;
    const parent = spans.has(messageId) ? undefined : traceOf(delivery);
    if (!tracer || !parent?.sampled) continue;
    const span = tracer.start(`${tables.messages} process`, 'consumer', parent);
    describe(span, tables, 'process');
    span.set('messaging.message.id', messageId);
    span.set('messaging.batch.message_count', group.length);
    span.set('mesh.outbox.attempt', attempts);
    spans.set(messageId, span);
  }
  return spans;
}

function traceOf(delivery: Delivery | undefined): TraceContext | undefined {
  return parseTraceContext(delivery?.traceparent ?? undefined, undefined);
}

function describe(span: Span, { messages }: Named, operation: 'send' | 'process'): void {
  span.set('messaging.system', 'postgresql');
  span.set('messaging.destination.name', messages);
  span.set('messaging.operation.type', operation);
}

function codeOf(error: unknown): string {
  const { code, data } = (error ?? {}) as { code?: unknown; data?: { code?: unknown } };
  const found = data?.code ?? code;
  return isErrorCode(found) ? found : 'ERROR';
}
