import type { ReceivedSpan, Resource } from './telemetry.ts';

type Timed = Pick<ReceivedSpan, 'spanId' | 'parentId' | 'startUs' | 'durationUs'> & { resource: Resource };

/**
 * Start times on one time line, in microseconds, in the order of the spans. Clocks of processes differ: a span that
 * starts before its parent in another process is moved, with all spans below it in the same process, into the middle of
 * its parent, or to the parent's start if it is longer. A span that starts after its parent's end stays there, because
 * work may go on after the answer.
 */
export function placedStarts(spans: readonly Timed[]): number[] {
  const indexes = new Map(spans.map(({ spanId }, index) => [spanId, index]));
  const starts: number[] = Array.from({ length: spans.length });
  const begun = new Set<number>();
  for (let index = 0; index < spans.length; index += 1) {
    // From the span up to a placed one, a missing one, or one of this path: parents may form a circle.
    const path: number[] = [];
    for (
      let at: number | undefined = index;
      at !== undefined && !begun.has(at);
      at = parentIndex(spans, at, indexes)
    ) {
      begun.add(at);
      path.push(at);
    }
    for (const at of path.toReversed()) {
      const span = spans[at];
      const parentAt = parentIndex(spans, at, indexes);
      const parent = parentAt === undefined ? undefined : spans[parentAt];
      const parentStart = parentAt === undefined ? undefined : starts[parentAt];
      if (!span) continue;
      starts[at] = parent && parentStart !== undefined ? startBelow(span, parent, parentStart) : span.startUs;
    }
  }
  return starts;
}

function parentIndex(spans: readonly Timed[], index: number, indexes: ReadonlyMap<string, number>) {
  const parentId = spans[index]?.parentId;
  return parentId ? indexes.get(parentId) : undefined;
}

function startBelow(span: Timed, parent: Timed, parentStart: number): number {
  if (isSame(span.resource, parent.resource)) return span.startUs + (parentStart - parent.startUs);
  if (span.startUs >= parentStart) return span.startUs;
  return parentStart + Math.max(0, parent.durationUs - span.durationUs) / 2;
}

function isSame(one: Resource, other: Resource): boolean {
  return one.service === other.service && one.instance === other.instance;
}
