import type { TraceContext } from '../../wire/index.ts';
import type { Span, SpanKind, Tracer } from '../tracing.ts';
import { RecordedSpan } from './recorded-span.ts';

/** Digits at the end of a request id that choose its trace: in a UUID of version 4 or 7 they are random. */
const digits = 8;

/** Characters of a UUID. */
const idLength = 36;

/** Starts spans that are recorded. */
export class OtlpTracer implements Tracer {
  readonly #onEnd: (span: RecordedSpan) => void;
  readonly #share: number;
  /** Request ids of chosen traces end in less. */
  readonly #bound: string;
  /** Code of the first character of the bound; below all digits for none. */
  readonly #first: number;

  /** @param share Of the traces that begin here, 0 to 1. */
  constructor(onEnd: (span: RecordedSpan) => void, share: number) {
    this.#onEnd = onEnd;
    this.#share = share;
    this.#bound = boundOf(share);
    this.#first = this.#bound === '' ? 0 : this.#bound.charCodeAt(0);
  }

  records(parent: TraceContext | undefined, requestId: string): boolean {
    if (parent) return parent.sampled;
    // Not a UUID: an id that a caller has chosen.
    if (requestId.length !== idLength) return Math.random() < this.#share;
    // Nearly always one character decides. On every call that is not chosen, this is all that tracing costs.
    if (requestId.charCodeAt(idLength - digits) > this.#first) return false;
    return requestId.slice(-digits) < this.#bound;
  }

  start(name: string, kind: SpanKind, parent: TraceContext | undefined): Span {
    const context = {
      traceId: parent?.traceId ?? randomId(16),
      spanId: randomId(8),
      sampled: true,
      tracestate: parent?.tracestate,
    };
    return new RecordedSpan({ name, kind, parentId: parent?.spanId, context }, this.#onEnd);
  }
}

/** Less than any text for none, more than any for all. */
function boundOf(share: number): string {
  if (share <= 0) return '';
  if (share >= 1) return '~';
  return Math.floor(share * 16 ** digits)
    .toString(16)
    .padStart(digits, '0');
}

/** For ids. Small, because an id keeps the text that it is a part of. */
const bytes = Buffer.allocUnsafeSlow(512);
let idDigits = '';
let used = 0;

/** A random id as hexadecimal digits. The chance that all are zero, which W3C forbids, is 2^-64 at most. */
function randomId(length: 8 | 16): string {
  if (used + 2 * length > idDigits.length) {
    crypto.getRandomValues(bytes);
    idDigits = bytes.toString('hex');
    used = 0;
  }
  used += 2 * length;
  return idDigits.slice(used - 2 * length, used);
}
