/**
 * One hop of a distributed trace.
 *
 * @see https://www.w3.org/TR/trace-context/
 */
export type TraceContext = Readonly<{
  /** 32 hexadecimal digits, not all zero. */
  traceId: string;
  /** 16 hexadecimal digits, not all zero: the span that made this call. */
  spanId: string;
  sampled: boolean;
  /** The vendors' part, passed on as it came. */
  tracestate: string | undefined;
}>;

const pattern = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** W3C allows vendors 512 characters; beyond, the state is dropped and the trace goes on. */
const longestTracestate = 512;

/** Reads `traceparent` and `tracestate`. A malformed parent starts no trace, as the specification asks. */
export function parseTraceContext(
  traceparent: string | undefined,
  tracestate: string | undefined,
): TraceContext | undefined {
  const match = traceparent === undefined ? null : pattern.exec(traceparent);
  if (!match) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return {
    traceId,
    spanId,
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    tracestate: tracestate !== undefined && tracestate.length <= longestTracestate ? tracestate : undefined,
  };
}

/** Writes `traceparent`, version 00. */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

/** A new trace, unsampled unless told: 16 + 8 random bytes. */
export function startTrace(sampled = false): TraceContext {
  return { traceId: randomHex(16), spanId: randomHex(8), sampled, tracestate: undefined };
}

/** The next hop of a trace: the same trace, a span of its own. */
export function childOf(parent: TraceContext): TraceContext {
  return { ...parent, spanId: randomHex(8) };
}

function randomHex(bytes: number): string {
  let text = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) {
    text += byte.toString(16).padStart(2, '0');
  }
  // All zero means "invalid" in the specification; the chance is 2^-64, the cost of asking nothing.
  return /^0+$/.test(text) ? randomHex(bytes) : text;
}
