import type { LogLine, Span } from '@arcadium/contracts/dashboard';

/** Names and values of the same length, in the order in which they were set. */
export interface Attributes {
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/** The process that a span or a log line comes from. */
export interface Resource {
  readonly service: string;
  readonly version: string | null;
  readonly instance: string | null;
}

/** A span as its process reported it. */
export interface ReceivedSpan {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly parentId: string | null;
  readonly resource: Resource;
  readonly name: string;
  readonly kind: Span['kind'];
  /** Microseconds since 1970, by the clock of the process. */
  readonly startUs: number;
  readonly durationUs: number;
  readonly failed: boolean;
  readonly message: string | null;
  readonly attributes: Attributes;
}

/** A log record as its process reported it. */
export interface ReceivedLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly resource: Resource;
  readonly level: LogLine['level'];
  readonly message: string;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly requestId: string | null;
  readonly fields: Attributes;
}
