import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ReceivedSpan } from '../domain/telemetry.ts';

/** What most spans of a mesh have in common: a text that resembles it is packed to half of the size. */
const typical: ReceivedSpan = {
  traceId: '0123456789abcdef0123456789abcdef',
  spanId: '0123456789abcdef',
  parentId: '0123456789abcdef',
  resource: { service: 'notification', version: '0.1.0', instance: '0123456789abcdef' },
  name: 'notification.notifications.sendBatch attempt',
  kind: 'server',
  startUs: 1_760_000_000_000_000,
  durationUs: 1000,
  failed: false,
  message: null,
  attributes: {
    names: (
      'rpc.system.name rpc.method rpc.response.status_code mesh.request_id mesh.caller server.address server.port ' +
      'network.peer.address mesh.attempt mesh.attempts mesh.transport db.system.name db.operation.name ' +
      'db.collection.name db.query.text'
    ).split(' '),
    values: ['trpc', 'notification.notifications.sendBatch', 'OK', '127.0.0.1', 'websocket', 'postgresql'],
  },
};

/** A window and tables of 40 KiB instead of 264 KiB, because the texts are short. */
const compression = {
  level: 6,
  windowBits: 13,
  memLevel: 5,
  chunkSize: 4096,
  dictionary: Buffer.from(
    (['client', 'server'] as const).map((kind) => JSON.stringify({ ...typical, kind })).join(),
  ),
};

/**
 * Spans as compressed JSON, about a twelfth of their size in memory. Takes some 100 µs for 20 spans. A string of bytes,
 * because thousands of small buffers fragment the memory outside of V8's heap.
 */
export function packSpans(spans: readonly ReceivedSpan[]): string {
  return deflateRawSync(JSON.stringify(spans), compression).toString('latin1');
}

export function unpackSpans(packed: string): ReceivedSpan[] {
  const { dictionary } = compression;
  return JSON.parse(
    inflateRawSync(Buffer.from(packed, 'latin1'), { dictionary }).toString(),
  ) as ReceivedSpan[];
}
