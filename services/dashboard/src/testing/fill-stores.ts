import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { ReceivedLine, ReceivedSpan } from '../domain/telemetry.ts';
import { LogStore } from '../stores/logs.ts';
import { TraceStore } from '../stores/traces.ts';

// A process with --expose-gc that fills both stores with telemetry of typical size, and prints what that needs, in bytes.

const count = 10_000;
const names = [
  'wiki.comments.create',
  'INSERT',
  'SELECT',
  'COMMIT',
  'notifications.sendBatch',
  'outbox.deliver',
];
const resources = ['wiki', 'notification', 'auth'].map((service) => ({
  service,
  version: '0.1.0',
  instance: `${service}-1`,
}));
const one = <Item>(items: readonly Item[], index: number): Item => items[index % items.length] as Item;

function spansOf(trace: number): ReceivedSpan[] {
  const traceId = randomBytes(16).toString('hex');
  const requestId = randomUUID();
  let parentId: string | null = null;
  return Array.from({ length: 20 }, (_, n) => {
    const attributes = {
      'rpc.system.name': 'trpc',
      'rpc.method': one(names, n),
      'rpc.response.status_code': 'OK',
      'server.address': '127.0.0.1',
      'server.port': '5000',
      'request.id': requestId,
      'db.query.text': `SELECT * FROM pages WHERE id = $1 AND slug = ${n}`,
      'call.duration': String(Math.random()),
    };
    const spanId = randomBytes(8).toString('hex');
    const span: ReceivedSpan = {
      traceId,
      spanId,
      parentId,
      resource: one(resources, n),
      name: one(names, n),
      kind: 'server',
      startUs: (Date.UTC(2026, 0) + trace) * 1000 + n,
      durationUs: 1000 + n,
      failed: false,
      message: null,
      attributes: { names: Object.keys(attributes), values: Object.values(attributes) },
    };
    parentId = spanId;
    return span;
  });
}

function lineOf(number: number): ReceivedLine {
  const fields = {
    endpoint: 'http://localhost:8006',
    error: 'TIMEOUT: no answer within 5000 ms',
    retry_count: '2',
    timestamp: new Date().toISOString(),
    procedure: 'notifications.sendBatch',
    durationMs: String(Math.random()),
  };
  return {
    at: Date.now(),
    resource: one(resources, number),
    level: 'warn',
    message: `call ${number} failed and is tried again after a second`,
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    requestId: randomUUID(),
    fields: { names: Object.keys(fields), values: Object.values(fields) },
  };
}

/** What is released outside of V8's heap is counted down after a collection. */
async function usedBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const before = await usedBytes();
const traces = new TraceStore();
const logs = new LogStore();
for (let number = 0; number < count; number += 1) {
  traces.add(spansOf(number));
  logs.add([lineOf(number)]);
}
const used = (await usedBytes()) - before;
process.send?.({ used, estimate: traces.bytes + logs.bytes, traces: traces.size, lines: logs.size });
