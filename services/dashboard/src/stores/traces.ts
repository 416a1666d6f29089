import type { ReceivedSpan } from '../domain/telemetry.ts';
import { Interning } from './interning.ts';
import { Ring } from './ring.ts';
import { StoredTrace } from './stored-trace.ts';
import { literal, type Walked } from './walk.ts';

/** What a span needs besides its strings, in bytes: the object, its two lists, two numbers, its place among the ids. */
const spanBytes = 280;
/** The newest traces are not packed: spans that are still to come would open them again. */
const openTraces = 250;
/** Most names of spans that one call of `list` compares: about 5 ms. */
const mostCompared = 100_000;

export interface TraceBounds {
  /** @default 10000 */
  mostTraces?: number;
  /** In one trace. @default 2000 */
  mostSpans?: number;
  /** Of all traces, by estimate. @default 67108864, 64 MiB */
  mostBytes?: number;
}

export interface TraceFilter {
  /** Only traces with a span of this service, or of a call to it: a service that is down sends no spans. */
  service?: string | undefined;
  /** Part of the name of any span; case does not matter. */
  name?: string | undefined;
  /** Only traces with a call of this request. */
  requestId?: string | undefined;
  /** Only traces with a failed span. */
  failed?: boolean;
  /** Least duration, in milliseconds. */
  minMs?: number;
}

/** Traces in memory, the oldest of which make room. A trace is as old as the first of its spans that arrived. */
export class TraceStore {
  readonly #bounds: Required<TraceBounds>;
  readonly #ring: Ring<StoredTrace>;
  readonly #byId = new Map<string, StoredTrace>();
  readonly #interning = new Interning();
  #bytes = 0;

  constructor({ mostTraces = 10_000, mostSpans = 2000, mostBytes = 64 * 2 ** 20 }: TraceBounds = {}) {
    this.#bounds = { mostTraces, mostSpans, mostBytes };
    this.#ring = new Ring(mostTraces);
  }

  /** Traces that are held. */
  get size(): number {
    return this.#ring.size;
  }

  /** Bytes that they need, by estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds spans; one that is there already is ignored. Takes some 15 µs for each, or 150 µs for a late one. */
  add(spans: readonly ReceivedSpan[]): void {
    for (const [traceId, added] of Map.groupBy(spans, (span) => span.traceId)) {
      const trace = this.#byId.get(traceId) ?? this.#begin(traceId);
      this.#change(trace, () => {
        for (const span of [...trace.open(), ...added]) trace.add(span, this.#bounds.mostSpans, this.#keep);
        trace.settle();
        if (trace.number <= this.#ring.newest - openTraces) trace.pack();
      });
      while (this.#bytes > this.#bounds.mostBytes) this.#dropOldest();
    }
  }

  get(traceId: string): StoredTrace | undefined {
    return this.#byId.get(traceId);
  }

  /** Newest first: at most `limit + 1` traces. @param before Only traces with lower numbers. @default all */
  list(
    filter: TraceFilter,
    { before, limit }: { before?: number | undefined; limit: number },
  ): Walked<StoredTrace> {
    const { service, requestId, failed = false, minMs = 0 } = filter;
    const name = filter.name === undefined ? undefined : literal(filter.name);
    const rows: StoredTrace[] = [];
    let compared = 0;
    for (const trace of this.#ring.newestFirst(before)) {
      if (compared > mostCompared) return { rows, until: trace.number + 1 };
      if (requestId !== undefined && !trace.requests.includes(requestId)) continue;
      if (failed && !trace.failed) continue;
      if (trace.durationUs < minMs * 1000) continue;
      if (service !== undefined && !trace.concerns(service)) continue;
      if (name) {
        compared += trace.names.length;
        if (!trace.names.some((other) => name.test(other))) continue;
      }
      rows.push(trace);
      if (rows.length > limit) break;
    }
    return { rows, until: undefined };
  }

  #begin(traceId: string): StoredTrace {
    if (this.#ring.full) this.#dropOldest();
    const trace = this.#ring.add((number) => new StoredTrace(number, traceId));
    this.#bytes += trace.bytes;
    this.#byId.set(traceId, trace);
    const older = this.#ring.at(trace.number - openTraces);
    if (older) this.#change(older, () => older.pack());
    return trace;
  }

  #change(trace: StoredTrace, change: () => void): void {
    const before = trace.bytes;
    change();
    this.#bytes += trace.bytes - before;
  }

  #dropOldest(): void {
    const oldest = this.#ring.shift();
    if (!oldest) return;
    this.#byId.delete(oldest.traceId);
    this.#bytes -= oldest.bytes;
  }

  /** The span with strings that the store has already, and nothing else: its request's body may go. */
  readonly #keep = (span: ReceivedSpan): { kept: ReceivedSpan; bytes: number } => {
    const interning = this.#interning;
    const kept: ReceivedSpan = {
      traceId: interning.string(span.traceId),
      spanId: interning.string(span.spanId),
      parentId: span.parentId === null ? null : interning.string(span.parentId),
      resource: interning.resource(span.resource),
      name: interning.string(span.name),
      kind: span.kind,
      startUs: span.startUs,
      durationUs: span.durationUs,
      failed: span.failed,
      message: span.message === null ? null : interning.string(span.message),
      attributes: interning.attributes(span.attributes),
    };
    return { kept, bytes: spanBytes + 8 * kept.attributes.values.length + interning.takeBytes() };
  };
}
