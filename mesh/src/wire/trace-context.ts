/**
 * One hop of a distributed trace.
 *
 * @see https://www.w3.org/TR/trace-context/
 */
export type TraceContext = Readonly<{
  /** 32 hexadecimal digits, not all zero. */
  traceId: string;
  /** 16 hexadecimal digits, not all zero: the calling span. */
  spanId: string;
  sampled: boolean;
  /** Vendor data, passed on unchanged. */
  tracestate: string | undefined;
}>;

/** An id of zeros is invalid. */
const pattern = /^([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** W3C allows vendors 512 characters; a longer state is dropped and the trace goes on. */
const tracestatePattern = /^[^]{0,512}$/;

/**
 * Reads `traceparent` and `tracestate`; `undefined` if the parent is malformed.
 *
 * @example
 * const trace = parseTraceContext('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', undefined);
 */
export function parseTraceContext(
  traceparent: string | undefined,
  tracestate: string | undefined,
): TraceContext | undefined {
  const match = traceparent === undefined ? null : pattern.exec(traceparent);
  if (!match) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  return {
    traceId,
    spanId,
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    tracestate: tracestate !== undefined && tracestatePattern.test(tracestate) ? tracestate : undefined,
  };
}

/** Where `traceparent` has the digit with the sampled flag. */
const sampledAt = 54;

/** Id of the trace that `traceparent` belongs to, if it is sampled. Reads one character of one that is not. */
export function sampledTraceId(traceparent: string): string | undefined {
  if ((Number.parseInt(traceparent.charAt(sampledAt), 16) & 1) === 0) return undefined;
  return parseTraceContext(traceparent, undefined)?.traceId;
}

/**
 * Writes `traceparent`, version 00.
 *
 * @example
 * const traceparent = formatTraceparent(startTrace(true));
 */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

/**
 * Starts a trace.
 *
 * @example
 * const trace = startTrace(true); // sampled
 */
export function startTrace(sampled = false): TraceContext {
  return { traceId: randomHex(16), spanId: randomHex(8), sampled, tracestate: undefined };
}

function randomHex(bytes: number): string {
  let text = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) {
    text += byte.toString(16).padStart(2, '0');
  }
  // All zeros are invalid.
  return /^0+$/.test(text) ? randomHex(bytes) : text;
}
