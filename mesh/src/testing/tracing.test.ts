import { beforeEach, expect, test, vi } from 'vitest';
import { createLogger, exposition, openTelemetry, scopes, tracing } from '../telemetry/index.ts';
import { MeshError, startTrace, type TraceContext } from '../wire/index.ts';
import { recordingLogger } from './logger.ts';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from './otlp-receiver.ts';
import { ShopSuite } from './shop-suite.ts';

// Traces and logs as a receiver of OTLP gets them over HTTP.

const suite = new ShopSuite();
let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await startOtlpReceiver();
  suite.cleanups.push(() => receiver[Symbol.asyncDispose]());
});

const open = (options: { endpoint?: string; traceShare?: number; headers?: Record<string, string> } = {}) => {
  const log = recordingLogger();
  const opened = openTelemetry({ service: 'shop', version: '1', log, endpoint: receiver.url, ...options });
  return { log, opened };
};

/** Runs as a handler that is part of a trace does. */
const within = <Result>(trace: TraceContext, run: () => Result): Result =>
  scopes.run({ requestId: 'r-1', trace, deadline: Infinity, signal: new AbortController().signal }, run);

const named = (name: string): ReceivedSpan => {
  const found = receiver.spans.filter((span) => span.name === name);
  expect(found).toHaveLength(1);
  return found[0] as ReceivedSpan;
};

test.each(['websocket', 'http'] as const)(
  'a call over %s is one trace, from client to server',
  async (transport) => {
    {
      await using _on = await open({ headers: { 'x-key': 'secret' } }).opened;
      await suite.client({ transport }).items.get.query({ id: 1 });
    }
    const { spans } = receiver;
    expect(spans).toHaveLength(3);
    const attempt = named('shop.items.get attempt');
    const call = spans.find(({ spanId }) => spanId === attempt.parentId);
    const server = spans.find(({ parentId }) => parentId === attempt.spanId);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(call).toMatchObject({
      name: 'shop.items.get',
      kind: 'client',
      parentId: '',
      failed: false,
      service: 'shop',
      attributes: { 'rpc.method': 'shop.items.get', 'rpc.response.status_code': 'OK', 'mesh.attempts': 1 },
    });
    expect(attempt).toMatchObject({
      kind: 'client',
      attributes: {
        'mesh.attempt': 1,
        'mesh.transport': transport,
        'server.port': suite.service.port,
        'rpc.response.status_code': 'OK',
      },
    });
    expect(server).toMatchObject({
      name: 'shop.items.get',
      kind: 'server',
      attributes: {
        'mesh.caller': 'anyone',
        'mesh.request_id': call?.attributes['mesh.request_id'],
        'rpc.response.status_code': 'OK',
      },
    });
    expect(receiver.requests).toContainEqual({
      path: '/v1/traces',
      headers: expect.objectContaining({ 'x-key': 'secret', 'content-type': 'application/x-protobuf' }),
    });
  },
);

test('each attempt of a call is a span, and so is the wait before a retry', async () => {
  let calls = 0;
  const { url } = await suite.start({
    interceptors: [
      async (_call, next) => {
        calls += 1;
        if (calls < 3) throw new MeshError('SERVICE_UNAVAILABLE', 'Not yet');
        return next();
      },
    ],
  });
  {
    await using _on = await open().opened;
    const retryPolicy = { attempts: 3, baseMs: 20, jitter: 0 };
    await suite.client({ url, retryPolicy }).items.get.query({ id: 1 });
  }
  const { spans } = receiver;
  const attempts = spans.filter(({ name }) => name === 'shop.items.get attempt');
  expect(attempts.map(({ attributes, failed }) => [attributes['mesh.attempt'], failed])).toEqual([
    [1, true],
    [2, true],
    [3, false],
  ]);
  const servers = spans.filter(({ kind }) => kind === 'server');
  expect(servers.map(({ parentId }) => parentId)).toEqual(attempts.map(({ spanId }) => spanId));
  const waits = spans.filter(({ name }) => name === 'shop.items.get retry wait');
  expect(waits.map(({ attributes }) => attributes)).toEqual([
    { 'mesh.retry.reason': 'SERVICE_UNAVAILABLE', 'mesh.retry.wait_ms': 20 },
    { 'mesh.retry.reason': 'SERVICE_UNAVAILABLE', 'mesh.retry.wait_ms': 40 },
  ]);
  expect(waits[1]?.durationMs).toBeGreaterThan(35);
});

test('an attempt that went elsewhere, because its endpoint was not reached, is a span beside it', async () => {
  {
    await using _on = await open().opened;
    const url = ['http://127.0.0.1:1', suite.service.url];
    // Each chooses an endpoint by chance.
    for (let client = 0; client < 20; client += 1) await suite.client({ url }).items.get.query({ id: 1 });
  }
  const attempts = receiver.spans.filter(({ name }) => name === 'shop.items.get attempt');
  const second = attempts.find(({ attributes }) => attributes['mesh.attempt.cause'] === 'failover');
  expect(second).toMatchObject({
    failed: false,
    attributes: { 'mesh.attempt': 1, 'server.port': suite.service.port },
  });
  const beside = attempts.filter(({ parentId }) => parentId === second?.parentId);
  expect(beside.find((span) => span !== second)).toMatchObject({
    failed: true,
    attributes: { 'server.port': 1, 'error.type': 'SERVICE_UNAVAILABLE' },
  });
});

test('the trace of a foreign caller is continued, and one that it does not sample is not recorded', async () => {
  const traceId = 'a'.repeat(32);
  const send = (flags: string, given = traceId) =>
    fetch(`${suite.service.url}/trpc/items.get?input=${encodeURIComponent('{"id":1}')}`, {
      headers: { traceparent: `00-${given}-${'b'.repeat(16)}-${flags}` },
    });
  const trace = { ...startTrace(false), tracestate: 'vendor=1' };
  {
    await using _on = await open().opened;
    expect((await send('00', 'c'.repeat(32))).status).toBe(200);
    await within(trace, () => suite.client().items.get.query({ id: 1 }));
    expect((await send('01')).status).toBe(200);
  }
  expect(receiver.spans).toMatchObject([{ traceId, parentId: 'b'.repeat(16), kind: 'server' }]);
});

test('a recorded call marks its bucket of the metrics, whichever side began its trace', async () => {
  {
    await using _on = await open().opened;
    await fetch(`${suite.service.url}/trpc/items.echo?input=${encodeURIComponent('{"text":"a"}')}`);
    await suite.client().items.get.query({ id: 1 });
  }
  const { text } = await exposition('openmetrics');
  const markedBy = (name: string) => {
    const { traceId } = receiver.spans.find((span) => span.name === name) as ReceivedSpan;
    const lines = text.split('\n').filter((line) => line.includes(`# {trace_id="${traceId}"}`));
    return lines.map((line) => line.split('{')[0]).toSorted();
  };
  expect(markedBy('shop.items.echo')).toEqual(['mesh_server_call_seconds_bucket']);
  expect(markedBy('shop.items.get')).toEqual([
    'mesh_client_call_seconds_bucket',
    'mesh_server_call_seconds_bucket',
  ]);
});

test('services with the same share choose the same traces, by the id of the request', async () => {
  const share = 0.3;
  {
    await using _on = await open({ traceShare: share }).opened;
    const client = suite.client();
    for (let call = 0; call < 200; call += 1) await client.items.get.query({ id: 1 });
  }
  const roots = receiver.spans.filter(({ parentId }) => parentId === '');
  // A server that chose for itself would begin traces.
  expect(new Set(roots.map(({ kind }) => kind))).toEqual(new Set(['client']));
  expect(receiver.spans).toHaveLength(3 * roots.length);
  // 60 ± 6 standard deviations.
  expect(roots.length).toBeGreaterThan(21);
  expect(roots.length).toBeLessThan(99);
});

test('no trace is recorded with a share of 0', async () => {
  {
    await using _on = await open({ traceShare: 0 }).opened;
    await suite.client().items.get.query({ id: 1 });
    await fetch(`${suite.service.url}/trpc/items.get?input=${encodeURIComponent('{"id":1}')}`, {
      headers: { 'x-request-id': 'chosen-by-a-caller' },
    });
  }
  expect(receiver.spans).toEqual([]);
});

test('the opening of a subscription is a span on both sides', async () => {
  {
    await using _on = await open().opened;
    await new Promise<void>((resolve, reject) => {
      const subscription = suite.client().ticks.watch.subscribe(undefined, {
        onData: () => {
          subscription.unsubscribe();
          resolve();
        },
        onError: reject,
      });
    });
    await vi.waitFor(() => expect(receiver.spans).toHaveLength(2));
  }
  const server = receiver.spans.find(({ kind }) => kind === 'server');
  const client = receiver.spans.find(({ kind }) => kind === 'client');
  expect(server).toMatchObject({ name: 'shop.ticks.watch', parentId: client?.spanId, failed: false });
  expect(client).toMatchObject({ name: 'shop.ticks.watch', failed: false });
});

test('log lines are sent with their span, without secrets', async () => {
  {
    await using _on = await open().opened;
    const log = createLogger({ service: 'shop', level: 'warn', format: 'json' });
    const child = log.child({ procedure: 'items.get' });
    const { url } = await suite.start({
      log: child,
      interceptors: [
        async ({ log: own, requestId }, next) => {
          own.warn({ password: 'p', n: 1, list: [1.5, 'a'] }, 'an item was asked for');
          if (requestId === 'broken') throw new TypeError('a fault');
          return next();
        },
      ],
    });
    log.info({}, 'not written, so not sent');
    await within(startTrace(true), () => suite.client({ url }).items.get.query({ id: 1 }));
    await fetch(`${url}/trpc/items.get?input=${encodeURIComponent('{"id":1}')}`, {
      headers: { 'x-request-id': 'broken' },
    });
  }
  const servers = receiver.spans.filter(({ kind }) => kind === 'server');
  const line = receiver.logs.find(({ body }) => body === 'an item was asked for');
  expect(line).toMatchObject({
    service: 'shop',
    traceId: servers[0]?.traceId,
    spanId: servers[0]?.spanId,
    severity: 13,
    level: 'warn',
    attributes: {
      procedure: 'items.get',
      request_id: 'r-1',
      password: '[hidden]',
      n: 1,
      list: [1.5, 'a'],
    },
  });
  // Written by the transport, after the handler.
  const fault = receiver.logs.find(({ level }) => level === 'error');
  expect(fault).toMatchObject({
    traceId: servers[1]?.traceId,
    severity: 17,
    attributes: { request_id: 'broken', err: { type: 'TypeError' } },
  });
  expect(receiver.logs.some(({ level }) => level === 'info')).toBe(false);
});

test('without a receiver calls work, what is dropped is counted, and one line a signal says so', async () => {
  receiver.status = 400;
  const { log, opened } = open();
  {
    await using _on = await opened;
    const own = createLogger({ service: 'shop', level: 'warn', format: 'json' });
    const client = suite.client();
    for (let round = 0; round < 2; round += 1) {
      await client.items.get.query({ id: 1 });
      own.warn({}, 'a line');
      const sent = receiver.requests.length;
      await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThanOrEqual(sent + 2));
    }
  }
  const told = log.lines.filter(({ level }) => level === 'warn');
  expect(told.map(({ fields }) => fields['signal']).toSorted()).toEqual(['logs', 'traces']);
  expect(await droppedOf('traces', 'not-taken')).toBeGreaterThanOrEqual(6);
  expect(await droppedOf('logs', 'not-taken')).toBeGreaterThanOrEqual(2);
});

test('at most 2048 spans and lines wait; the rest is dropped and counted', async () => {
  const before = [await droppedOf('traces', 'queue-full'), await droppedOf('logs', 'queue-full')];
  {
    await using _on = await open().opened;
    const { logExport } = await import('../telemetry/log-export.ts');
    for (let n = 0; n < 5000; n += 1) {
      tracing.tracer?.start('many', 'internal', undefined)?.end();
      logExport.emit?.('{"level":"info","timestamp":"2026-01-01T00:00:00.000Z","msg":"many"}');
    }
  }
  // A first batch of 512 leaves at once.
  const sent = [receiver.spans.length, receiver.logs.length];
  for (const count of sent) {
    expect(count).toBeGreaterThanOrEqual(2048);
    expect(count).toBeLessThanOrEqual(2048 + 512);
  }
  const after = [await droppedOf('traces', 'queue-full'), await droppedOf('logs', 'queue-full')];
  expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual(
    sent.map((count) => 5000 - count),
  );
});

/** Of this process, so far. */
async function droppedOf(signal: string, reason: string): Promise<number> {
  const { text } = await exposition();
  const line = `mesh_telemetry_dropped_total{signal="${signal}",reason="${reason}"}`;
  const found = text.split('\n').find((one) => one.startsWith(line));
  return Number(found?.slice(line.length) ?? 0);
}
