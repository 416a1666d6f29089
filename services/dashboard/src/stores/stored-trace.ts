import { placedStarts } from '../domain/placed-spans.ts';
import type { ReceivedSpan } from '../domain/telemetry.ts';
import { packSpans, unpackSpans } from './packed-spans.ts';

/** What a trace needs besides its spans, in bytes: this object with its summary, and its place in the store. */
const traceBytes = 600;
/** A trace of fewer spans does not become much smaller. */
const fewestPacked = 5;

type Spans =
  | { mode: 'open'; list: ReceivedSpan[]; ids: Set<string>; bytes: number }
  | { mode: 'packed'; packed: string };

/** The spans of a trace that have arrived, in any order, and what a list shows of them. */
export class StoredTrace {
  readonly number: number;
  readonly traceId: string;
  /** Whether spans beyond the bound were dropped. */
  truncated = false;

  // What follows is that of the last `settle()`.
  /** Number of spans. */
  count = 0;
  /** Name of the root, or of the first span while the root is missing. */
  name = '';
  /** Different names of spans. */
  names: readonly string[] = [];
  /** That of the first span first. */
  services: readonly string[] = [];
  /** Ids of the requests whose calls it has. */
  requests: readonly string[] = [];
  failed = false;
  startUs = 0;
  durationUs = 0;

  #spans: Spans = { mode: 'open', list: [], ids: new Set(), bytes: 0 };

  constructor(number: number, traceId: string) {
    this.number = number;
    this.traceId = traceId;
  }

  /** By arrival. */
  get spans(): readonly ReceivedSpan[] {
    return this.#spans.mode === 'open' ? this.#spans.list : unpackSpans(this.#spans.packed);
  }

  /** Bytes that it needs, by estimate. */
  get bytes(): number {
    const spans = this.#spans;
    return traceBytes + (spans.mode === 'open' ? spans.bytes : spans.packed.length);
  }

  /** Whether a span is of this service, or of a call to it, such as `wiki.pages.get`. */
  concerns(service: string): boolean {
    return this.services.includes(service) || this.names.some((name) => name.startsWith(`${service}.`));
  }

  /** Makes it small, until it is opened. */
  pack(): void {
    if (this.#spans.mode === 'packed' || this.#spans.list.length < fewestPacked) return;
    this.#spans = { mode: 'packed', packed: packSpans(this.#spans.list) };
  }

  /** Makes it ready for more spans. @returns The spans to add again: none, if it was open. */
  open(): readonly ReceivedSpan[] {
    if (this.#spans.mode === 'open') return [];
    const { spans } = this;
    this.#spans = { mode: 'open', list: [], ids: new Set(), bytes: 0 };
    return spans;
  }

  /** Adds a span to an open trace, unless it is there already or there are `most`. @param keep Makes what is kept. */
  add(
    span: ReceivedSpan,
    most: number,
    keep: (span: ReceivedSpan) => { kept: ReceivedSpan; bytes: number },
  ): void {
    const spans = this.#spans;
    if (spans.mode === 'packed' || spans.ids.has(span.spanId)) return;
    if (spans.list.length >= most) {
      this.truncated = true;
      return;
    }
    const { kept, bytes } = keep(span);
    spans.list.push(kept);
    spans.ids.add(kept.spanId);
    spans.bytes += bytes;
  }

  /** Brings the summary up to date with the spans. */
  settle(): void {
    const { spans } = this;
    const starts = placedStarts(spans);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    let start = Infinity;
    let end = 0;
    let first = { rank: 3, start: 0, span: spans[0] };
    for (const [index, span] of spans.entries()) {
      const placed = starts[index] ?? span.startUs;
      start = Math.min(start, placed);
      end = Math.max(end, placed + span.durationUs);
      const rank = rankOf(span, ids);
      if (rank < first.rank || (rank === first.rank && placed < first.start))
        first = { rank, start: placed, span };
    }
    this.count = spans.length;
    this.startUs = start;
    this.durationUs = end - start;
    this.name = first.span?.name ?? '';
    this.names = [...new Set(spans.map(({ name }) => name))];
    const services = spans.map(({ resource }) => resource.service);
    this.services = [...new Set(first.span ? [first.span.resource.service, ...services] : services)];
    this.requests = [...new Set(spans.flatMap(requestOf))];
    this.failed = spans.some(({ failed }) => failed);
  }
}

function requestOf({ attributes: { names, values } }: ReceivedSpan): string[] {
  const value = values[names.indexOf('mesh.request_id')];
  return value === undefined ? [] : [value];
}

/** A root names the trace, else a span whose parent is missing, else (parents in a circle) any. */
function rankOf({ parentId }: ReceivedSpan, ids: ReadonlySet<string>): number {
  if (parentId === null) return 0;
  return ids.has(parentId) ? 2 : 1;
}
