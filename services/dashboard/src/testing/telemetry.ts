import type { ReceivedLine, ReceivedSpan, Resource } from '../domain/telemetry.ts';

export const wikiResource: Resource = { service: 'wiki', version: '0.1.0', instance: 'wiki-1' };
export const webResource: Resource = { service: 'web', version: null, instance: null };

/** Start of the times of `spanOf`, in microseconds. */
export const epochUs = Date.UTC(2026, 0) * 1000;

export const traceIdOf = (number: number): string => number.toString(16).padStart(32, '0');
const spanIdOf = (number: number): string => number.toString(16).padStart(16, '0');

type SpanParts = Partial<Omit<ReceivedSpan, 'traceId' | 'spanId' | 'parentId'>> & { parent?: number };

/** A span of the wiki, of 1 ms. @param parts Its start is relative to `epochUs`. */
export function spanOf(
  trace: number,
  span: number,
  { parent, startUs = 0, ...parts }: SpanParts = {},
): ReceivedSpan {
  return {
    traceId: traceIdOf(trace),
    spanId: spanIdOf(span),
    parentId: parent === undefined ? null : spanIdOf(parent),
    resource: wikiResource,
    name: 'wiki.pages.get',
    kind: 'server',
    durationUs: 1000,
    failed: false,
    message: null,
    attributes: { names: [], values: [] },
    ...parts,
    startUs: epochUs + startUs,
  };
}

/** A log line of the wiki. */
export function lineOf(message: string, parts: Partial<ReceivedLine> = {}): ReceivedLine {
  return {
    at: epochUs / 1000,
    resource: wikiResource,
    level: 'info',
    traceId: null,
    spanId: null,
    requestId: null,
    fields: { names: [], values: [] },
    ...parts,
    message,
  };
}
