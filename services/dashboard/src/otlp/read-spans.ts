import type { Attributes, ReceivedSpan, Resource } from '../domain/telemetry.ts';
import { attributesIn, longestValue, mostAttributes, resourceIn } from './attributes.ts';
import { clip, idIn, listIn, numberIn, objectOf, stringIn, type Fields } from './fields.ts';
import { microsecondsIn } from './time.ts';

/** What a request holds, and how much of it is refused. */
export interface Batch<Item> {
  readonly items: Item[];
  readonly rejected: number;
  /** Why, in words; empty if nothing is refused. */
  readonly reason: string;
}

/** Most spans or log records of a request. */
export const mostItems = 10_000;
/** Longest name of a span that is kept, in characters. */
const longestName = 200;

/** Most links of a span that are kept. */
const mostLinks = 6;

const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const statusError = 2;

/**
 * Reads an `ExportTraceServiceRequest`. Spans without valid ids or times, and those beyond 10,000, are refused one by
 * one.
 *
 * @throws MeshError BAD_REQUEST for fields of the wrong type.
 */
export function readSpans(request: Fields): Batch<ReceivedSpan> {
  const items: ReceivedSpan[] = [];
  let rejected = 0;
  for (const group of listIn(request, 'resourceSpans')) {
    const resourceSpans = objectOf(group, 'resourceSpans');
    const resource = resourceIn(resourceSpans);
    for (const scope of listIn(resourceSpans, 'scopeSpans')) {
      for (const item of listIn(objectOf(scope, 'scopeSpans'), 'spans')) {
        const span = items.length < mostItems ? readSpan(objectOf(item, 'spans'), resource) : undefined;
        if (span) items.push(span);
        else rejected += 1;
      }
    }
  }
  const reason = `Spans need a trace id, a span id and times from 2000 to 2100; at most ${mostItems} are accepted at once`;
  return { items, rejected, reason: rejected > 0 ? reason : '' };
}

function readSpan(fields: Fields, resource: Resource): ReceivedSpan | undefined {
  const traceId = idIn(fields, 'traceId', 32);
  const spanId = idIn(fields, 'spanId', 16);
  const startUs = microsecondsIn(fields, 'startTimeUnixNano');
  const endUs = microsecondsIn(fields, 'endTimeUnixNano');
  if (!traceId || !spanId || startUs === undefined || endUs === undefined) return undefined;
  const status = objectOf(fields['status'], 'status');
  return {
    traceId,
    spanId,
    parentId: idIn(fields, 'parentSpanId', 16),
    resource,
    name: clip(stringIn(fields, 'name'), longestName),
    kind: kinds[numberIn(fields, 'kind')] ?? 'internal',
    startUs,
    durationUs: Math.max(0, endUs - startUs),
    failed: numberIn(status, 'code') === statusError,
    message: clip(stringIn(status, 'message'), longestValue) || null,
    attributes: withLinks(attributesIn(fields, mostAttributes - mostLinks), fields),
  };
}

/** Links to other traces follow the attributes, as `link`: trace id, `/`, span id. */
function withLinks({ names, values }: Attributes, fields: Fields): Attributes {
  const links = listIn(fields, 'links')
    .slice(0, mostLinks)
    .map((item) => objectOf(item, 'links'))
    .flatMap((link) => {
      const [traceId, spanId] = [idIn(link, 'traceId', 32), idIn(link, 'spanId', 16)];
      return traceId && spanId ? [`${traceId}/${spanId}`] : [];
    });
  return { names: [...names, ...links.map(() => 'link')], values: [...values, ...links] };
}
