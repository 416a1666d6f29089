import { z } from 'zod';
import { time } from '../field.ts';

/** 32 hexadecimal digits, as W3C's trace context writes it. */
export const traceId = z.string().regex(/^[\da-f]{32}$/, 'must have 32 hexadecimal digits');

const span = z.object({
  /** 16 hexadecimal digits. */
  spanId: z.string(),
  parentId: z.string().nullable(),
  service: z.string(),
  name: z.string(),
  kind: z.enum(['internal', 'server', 'client', 'producer', 'consumer']),
  startedAt: time,
  /** Milliseconds after the start of the trace. */
  startMs: z.number().min(0),
  durationMs: z.number().min(0),
  status: z.enum(['ok', 'error']),
  /** For example the code of a failed call. */
  message: z.string().nullable(),
  /** Attributes, in the order in which they were set. */
  attributes: z.array(z.object({ name: z.string(), value: z.string() })).max(128),
});
export type Span = z.output<typeof span>;

export const traceSummary = z.object({
  traceId,
  /** Name of the first span, such as `wiki.comments.create`. */
  name: z.string(),
  startedAt: time,
  durationMs: z.number().min(0),
  spans: z.int().min(1),
  services: z.array(z.string()),
  status: z.enum(['ok', 'error']),
});
export type TraceSummary = z.output<typeof traceSummary>;

export const trace = traceSummary.extend({
  /** By start. */
  tree: z.array(span).max(2000),
  /** Whether spans beyond the bound are missing. */
  truncated: z.boolean(),
});
export type Trace = z.output<typeof trace>;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export const logLine = z.object({
  id: z.int(),
  at: time,
  service: z.string(),
  level: z.enum(logLevels),
  message: z.string(),
  traceId: traceId.nullable(),
  spanId: z.string().nullable(),
  requestId: z.string().nullable(),
  fields: z.array(z.object({ name: z.string(), value: z.string() })).max(128),
});
export type LogLine = z.output<typeof logLine>;
