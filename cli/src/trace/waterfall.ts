import { styleText } from 'node:util';
import type { Span, Trace } from '@arcadium/contracts/dashboard';

/** Narrower than this, bars tell nothing. */
const leastBar = 10;

interface Placed {
  readonly span: Span;
  readonly depth: number;
}

/** A trace as text: a line for each span, below its parent, with a bar on the time line of the trace. */
export function waterfall(trace: Trace, width: number): string[] {
  const placed = placedSpans(trace.tree);
  const labels = placed.map(({ span, depth }) => `${'  '.repeat(depth)}${labelOf(span)}`);
  const durations = placed.map(({ span }) => durationOf(span.durationMs));
  const [forDuration, forService] = [longest(durations), longest(placed.map(({ span }) => span.service))];
  const forLabel = Math.min(longest(labels), Math.max(20, width - forDuration - forService - leastBar - 6));
  const bar = Math.max(leastBar, width - forLabel - forDuration - forService - 6);
  const lines = placed.map(({ span }, place) => {
    const line = [
      fit(labels[place] ?? '', forLabel),
      span.service.padEnd(forService),
      (durations[place] ?? '').padStart(forDuration),
      barOf(span, trace.durationMs, bar),
    ]
      .join('  ')
      .trimEnd();
    return span.status === 'error' ? styleText('red', line) : line;
  });
  return [
    `${trace.name}  ${durationOf(trace.durationMs)}  ${trace.status}  ${trace.startedAt}  trace ${trace.traceId}`,
    ...(trace.truncated ? [`Only the first ${trace.tree.length} spans were kept.`] : []),
    '',
    ...lines,
  ];
}

/** Depth first; a span whose parent is not here stands at the top. */
function placedSpans(spans: readonly Span[]): Placed[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(spans, ({ parentId }) =>
    parentId !== null && known.has(parentId) ? parentId : '',
  );
  const seen = new Set<string>();
  const placed: Placed[] = [];
  const place = (span: Span, depth: number): void => {
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    placed.push({ span, depth });
    for (const child of children.get(span.spanId) ?? []) place(child, depth + 1);
  };
  for (const span of children.get('') ?? []) place(span, 0);
  // Parents in a circle lead to no top: the first of them stands there.
  for (const span of spans) place(span, 0);
  return placed;
}

function labelOf({ name, kind, status, message, attributes }: Span): string {
  const attribute = (wanted: string) => attributes.find((one) => one.name === wanted)?.value;
  const attempt = attribute('mesh.attempt');
  const code = attribute('rpc.response.status_code');
  const queue = kind === 'producer' ? ' →' : kind === 'consumer' ? ' ←' : '';
  // A mistake of the caller is not an error of the span.
  const refused = code !== undefined && code !== 'OK' ? ` ${code}` : '';
  const why = status === 'error' ? ` ✗ ${message ?? 'failed'}` : refused;
  return `${name}${attempt === undefined ? '' : ` #${attempt}`}${queue}${why}`;
}

function barOf({ startMs, durationMs }: Span, wholeMs: number, width: number): string {
  const perMs = wholeMs > 0 ? width / wholeMs : 0;
  const start = Math.min(width - 1, Math.floor(startMs * perMs));
  const length = Math.max(1, Math.min(width - start, Math.round(durationMs * perMs)));
  return `${' '.repeat(start)}${'█'.repeat(length)}`;
}

function durationOf(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(1)} ms`;
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}
