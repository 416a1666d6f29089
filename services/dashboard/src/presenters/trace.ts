import type { Span, Trace, TraceSummary } from '@arcadium/contracts/dashboard';
import { placedStarts } from '../domain/placed-spans.ts';
import type { ReceivedSpan } from '../domain/telemetry.ts';
import type { StoredTrace } from '../stores/stored-trace.ts';
import { presentAttributes, presentResource } from './attributes.ts';

export function presentTraceSummary(trace: StoredTrace): TraceSummary {
  return {
    traceId: trace.traceId,
    name: trace.name,
    startedAt: isoOf(trace.startUs),
    durationMs: trace.durationUs / 1000,
    spans: trace.count,
    services: [...trace.services],
    status: trace.failed ? 'error' : 'ok',
  };
}

/** A trace with its spans on one time line, by start; of spans that start together, the longest first. */
export function presentTrace(trace: StoredTrace): Trace {
  const { spans } = trace;
  const starts = placedStarts(spans);
  const placed = spans.map((span, index) => ({ span, startUs: starts[index] ?? span.startUs }));
  placed.sort((a, b) => a.startUs - b.startUs || b.span.durationUs - a.span.durationUs);
  return {
    ...presentTraceSummary(trace),
    tree: placed.map(({ span, startUs }) => presentSpan(span, startUs, trace.startUs)),
    truncated: trace.truncated,
  };
}

function presentSpan(span: ReceivedSpan, startUs: number, traceStartUs: number): Span {
  return {
    spanId: span.spanId,
    parentId: span.parentId,
    service: span.resource.service,
    name: span.name,
    kind: span.kind,
    startedAt: isoOf(startUs),
    startMs: (startUs - traceStartUs) / 1000,
    durationMs: span.durationUs / 1000,
    status: span.failed ? 'error' : 'ok',
    message: span.message,
    attributes: [...presentAttributes(span.attributes), ...presentResource(span.resource)],
  };
}

function isoOf(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString();
}
