import { countLimit, writeAttribute, writeValue, type Value } from './attribute.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/** OTLP's numbers. */
const severities: Readonly<Record<string, number>> = { debug: 5, info: 9, warn: 13, error: 17 };

/** A line of `createLogger`. */
type Line = Readonly<{
  level: string;
  timestamp: string;
  msg?: string;
  trace_id?: string;
  span_id?: string;
}> &
  Record<string, Value>;

/**
 * Writes the `LogRecord` of a written line: its message is the body, its other fields are attributes, and `trace_id` and
 * `span_id` name its span.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
 */
export function writeLogRecord(to: ProtobufWriter, field: number, line: string): void {
  const { level, timestamp, msg, trace_id: traceId, span_id: spanId, ...fields } = JSON.parse(line) as Line;
  // The resource has it.
  delete fields['service'];
  const now = Date.now();
  const at = Date.parse(timestamp);
  const begin = to.open(field);
  to.time(1, Number.isNaN(at) ? now : at);
  to.integer(2, severities[level] ?? 0);
  to.text(3, level);
  writeValue(to, 5, msg ?? '');
  const attributes = Object.entries(fields);
  for (const attribute of attributes.slice(0, countLimit)) writeAttribute(to, 6, attribute);
  if (attributes.length > countLimit) to.integer(7, attributes.length - countLimit);
  if (traceId !== undefined && spanId !== undefined) {
    // Sampled.
    to.fixed32(8, 1);
    to.hex(9, traceId);
    to.hex(10, spanId);
  }
  to.time(11, now);
  to.close(begin);
}
