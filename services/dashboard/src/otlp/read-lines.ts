import { logLevels } from '@arcadium/contracts/dashboard';
import type { ReceivedLine, Resource } from '../domain/telemetry.ts';
import { attributesIn, resourceIn, textOf } from './attributes.ts';
import { clip, idIn, listIn, numberIn, objectOf, stringIn, type Fields } from './fields.ts';
import { mostItems, type Batch } from './read-spans.ts';
import { microsecondsIn } from './time.ts';

/** Longest message that is kept, in characters. */
const longestMessage = 4000;
/** Longest request id that the mesh accepts. */
const longestRequestId = 128;
/** In the mesh's line of a failed call to another service, within `context`, which is JSON here. */
const nestedRequestId = /"request_id":"([\w.:-]{1,128})"/;
const requestIdNames = new Set(['requestId', 'request_id', 'request.id']);

/**
 * Reads an `ExportLogsServiceRequest`. Records beyond 10,000 are refused. A record without a valid time gets the time
 * it was received.
 *
 * @throws MeshError BAD_REQUEST for fields of the wrong type.
 */
export function readLines(request: Fields, now: number): Batch<ReceivedLine> {
  const items: ReceivedLine[] = [];
  let rejected = 0;
  for (const group of listIn(request, 'resourceLogs')) {
    const resourceLogs = objectOf(group, 'resourceLogs');
    const resource = resourceIn(resourceLogs);
    for (const scope of listIn(resourceLogs, 'scopeLogs')) {
      for (const record of listIn(objectOf(scope, 'scopeLogs'), 'logRecords')) {
        if (items.length < mostItems) items.push(readLine(objectOf(record, 'logRecords'), resource, now));
        else rejected += 1;
      }
    }
  }
  return { items, rejected, reason: rejected > 0 ? `At most ${mostItems} records are accepted at once` : '' };
}

function readLine(fields: Fields, resource: Resource, now: number): ReceivedLine {
  const { names, values } = attributesIn(fields);
  const index = names.findIndex((name) => requestIdNames.has(name));
  const requestId = values[index] || nestedRequestId.exec(values[names.indexOf('context')] ?? '')?.[1];
  const us = microsecondsIn(fields, 'timeUnixNano') ?? microsecondsIn(fields, 'observedTimeUnixNano');
  return {
    at: us === undefined ? now : Math.floor(us / 1000),
    resource,
    level: levelOf(fields),
    message: textOf(fields['body'], longestMessage),
    traceId: idIn(fields, 'traceId', 32),
    spanId: idIn(fields, 'spanId', 16),
    requestId: requestId ? clip(requestId, longestRequestId) : null,
    // Shown apart.
    fields:
      index >= 0
        ? { names: names.toSpliced(index, 1), values: values.toSpliced(index, 1) }
        : { names, values },
  };
}

/** Severity numbers come in fours, from `trace` = 1; 0 is unknown, and the text may say more. */
function levelOf(fields: Fields): ReceivedLine['level'] {
  const level = logLevels[Math.floor((numberIn(fields, 'severityNumber') - 1) / 4)];
  const text = stringIn(fields, 'severityText').toLowerCase();
  return level ?? logLevels.find((name) => name === text) ?? 'info';
}
