import type { TraceContext } from '../../wire/index.ts';
import type { Span, SpanKind } from '../tracing.ts';
import { countLimit } from './attribute.ts';
import { EncodedAttributes } from './encoded-attributes.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/** OTLP's numbers. */
const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const satisfies Record<
  SpanKind,
  number
>;

/** OTLP's `STATUS_CODE_ERROR`. */
const failedStatus = 2;

/** W3C's flag of a sampled trace. */
const sampledFlag = 1;

const none: readonly never[] = [];

const attributes = new EncodedAttributes(9);

/** A span that is sent when it ends. */
export class RecordedSpan implements Span {
  readonly context: TraceContext;
  readonly #name: string;
  readonly #kind: SpanKind;
  readonly #parentId: string | undefined;
  readonly #onEnd: (span: RecordedSpan) => void;
  readonly #names: string[] = [];
  readonly #values: (string | number | boolean)[] = [];
  #links: readonly TraceContext[] = none;
  #droppedLinks = 0;
  /** By `performance.now()`. */
  readonly #startedAt = performance.now();
  #endedAt: number | undefined;
  #failure: string | undefined;

  constructor(
    {
      name,
      kind,
      parentId,
      context,
    }: {
      name: string;
      kind: SpanKind;
      parentId: string | undefined;
      context: TraceContext;
    },
    onEnd: (span: RecordedSpan) => void,
  ) {
    this.context = context;
    this.#name = name;
    this.#kind = kind;
    this.#parentId = parentId;
    this.#onEnd = onEnd;
  }

  set(name: string, value: string | number | boolean): void {
    const at = this.#names.indexOf(name);
    if (at === -1) {
      this.#names.push(name);
      this.#values.push(value);
    } else this.#values[at] = value;
  }

  link(other: TraceContext): void {
    if (this.#links.length < countLimit) this.#links = [...this.#links, other];
    else this.#droppedLinks += 1;
  }

  end(failure?: string): void {
    if (this.#endedAt !== undefined) return;
    this.#endedAt = performance.now();
    this.#failure = failure;
    if (failure !== undefined) this.set('error.type', failure);
    this.#onEnd(this);
  }

  /**
   * Writes OTLP's `Span`.
   *
   * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
   */
  write(to: ProtobufWriter, field: number): void {
    const { traceId, spanId, tracestate } = this.context;
    const offsetMs = epochOffsetMs();
    const begin = to.open(field);
    to.hex(1, traceId);
    to.hex(2, spanId);
    if (tracestate !== undefined) to.text(3, tracestate);
    if (this.#parentId !== undefined) to.hex(4, this.#parentId);
    to.text(5, this.#name);
    to.integer(6, kinds[this.#kind]);
    to.time(7, offsetMs + this.#startedAt);
    to.time(8, offsetMs + (this.#endedAt ?? this.#startedAt));
    for (let at = 0; at < this.#names.length; at += 1)
      attributes.write(to, this.#names[at] ?? '', this.#values[at] ?? '');
    for (const link of this.#links) writeLink(to, 13, link);
    if (this.#droppedLinks > 0) to.integer(14, this.#droppedLinks);
    if (this.#failure !== undefined) writeFailure(to, 15, this.#failure);
    to.fixed32(16, sampledFlag);
    to.close(begin);
  }
}

function writeLink(
  to: ProtobufWriter,
  field: number,
  { traceId, spanId, tracestate, sampled }: TraceContext,
) {
  const begin = to.open(field);
  to.hex(1, traceId);
  to.hex(2, spanId);
  if (tracestate !== undefined) to.text(3, tracestate);
  to.fixed32(6, sampled ? sampledFlag : 0);
  to.close(begin);
}

function writeFailure(to: ProtobufWriter, field: number, failure: string): void {
  const begin = to.open(field);
  to.text(2, failure);
  to.integer(3, failedStatus);
  to.close(begin);
}

/** Largest difference from the wall clock, in milliseconds, before the wall clock is read again. */
const largestDriftMs = 50;

let offsetMs = Date.now() - performance.now();

/** What makes a time of `performance.now()` one of the wall clock, in milliseconds since 1970. */
function epochOffsetMs(): number {
  const current = Date.now() - performance.now();
  if (Math.abs(current - offsetMs) > largestDriftMs) offsetMs = current;
  return offsetMs;
}
