import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { openTelemetry, createLogger, tracing } from '@arcadium/mesh/telemetry';
import { silentLogger } from '@arcadium/mesh/testing';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { presentLogLine } from '../presenters/log-line.ts';
import { presentTrace } from '../presenters/trace.ts';
import { openReceiver } from '../testing/receiver.ts';

const resource = resourceFromAttributes({
  'service.name': 'wiki',
  'service.version': '1.2.3',
  'service.instance.id': 'wiki-7',
});
const ofProcess = [
  { name: 'service.version', value: '1.2.3' },
  { name: 'service.instance.id', value: 'wiki-7' },
];

test("OpenTelemetry's exporters deliver spans and log records, with their trace, as they were made", async () => {
  await using receiver = await openReceiver({ tokens: () => ['sixteen-or-more-characters'] });
  const headers = { authorization: 'Bearer sixteen-or-more-characters' };
  const spans = new BasicTracerProvider({
    resource,
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: `${receiver.url}/v1/traces`, headers })),
    ],
  });
  const logs = new LoggerProvider({
    resource,
    processors: [
      new BatchLogRecordProcessor({
        exporter: new OTLPLogExporter({ url: `${receiver.url}/v1/logs`, headers }),
      }),
    ],
  });

  const startTime = new Date('2026-01-31T12:00:00.000Z');
  const at = (ms: number) => new Date(startTime.getTime() + ms);
  const tracer = spans.getTracer('test');
  const root = tracer.startSpan('wiki.comments.create', { kind: SpanKind.SERVER, startTime });
  root.setAttributes({ 'request.id': 'r-1', count: 42, share: 0.5, ok: true, list: ['a', 'b'], minus: -7 });
  const inRoot = trace.setSpan(context.active(), root);
  const child = tracer.startSpan('INSERT größe', { kind: SpanKind.CLIENT, startTime: at(2) }, inRoot);
  child.addLink({ context: { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 } });
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'TIMEOUT' }).end(at(7.25));
  logs.getLogger('test').emit({
    timestamp: at(5),
    severityNumber: SeverityNumber.WARN,
    body: 'the call failed',
    attributes: { requestId: 'r-1', err: { code: 'TIMEOUT', attempts: 3 } },
    context: inRoot,
  });
  root.end(at(10));
  await Promise.all([spans.forceFlush(), logs.forceFlush()]);

  const { traceId, spanId } = root.spanContext();
  const stored = receiver.traces.get(traceId);
  expect(stored && presentTrace(stored)).toEqual({
    traceId,
    name: 'wiki.comments.create',
    startedAt: '2026-01-31T12:00:00.000Z',
    durationMs: 10,
    spans: 2,
    services: ['wiki'],
    status: 'error',
    truncated: false,
    tree: [
      {
        spanId,
        parentId: null,
        service: 'wiki',
        name: 'wiki.comments.create',
        kind: 'server',
        startedAt: '2026-01-31T12:00:00.000Z',
        startMs: 0,
        durationMs: 10,
        status: 'ok',
        message: null,
        attributes: [
          { name: 'request.id', value: 'r-1' },
          { name: 'count', value: '42' },
          { name: 'share', value: '0.5' },
          { name: 'ok', value: 'true' },
          { name: 'list', value: '["a","b"]' },
          { name: 'minus', value: '-7' },
          ...ofProcess,
        ],
      },
      {
        spanId: child.spanContext().spanId,
        parentId: spanId,
        service: 'wiki',
        name: 'INSERT größe',
        kind: 'client',
        startedAt: '2026-01-31T12:00:00.002Z',
        startMs: 2,
        // JavaScript's dates have whole milliseconds.
        durationMs: 5,
        status: 'error',
        message: 'TIMEOUT',
        attributes: [{ name: 'link', value: `${'ab'.repeat(16)}/${'cd'.repeat(8)}` }, ...ofProcess],
      },
    ],
  });
  expect(receiver.logs.list({}, { limit: 5 }).rows.map(presentLogLine)).toEqual([
    {
      id: 1,
      at: '2026-01-31T12:00:00.005Z',
      service: 'wiki',
      level: 'warn',
      message: 'the call failed',
      traceId,
      spanId,
      requestId: 'r-1',
      fields: [{ name: 'err', value: '{"code":"TIMEOUT","attempts":3}' }, ...ofProcess],
    },
  ]);
  await Promise.all([spans.shutdown(), logs.shutdown()]);
});

test('the mesh delivers spans and log lines as they were made', async () => {
  await using receiver = await openReceiver({ tokens: () => ['sixteen-or-more-characters'] });
  const other = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), sampled: true, tracestate: undefined };
  const parent = { ...other, spanId: 'ef'.repeat(8), tracestate: 'vendor=1' };
  const before = Date.now();
  {
    await using _on = await openTelemetry({
      service: 'wiki',
      version: '1.2.3',
      log: silentLogger,
      endpoint: receiver.url,
      headers: { authorization: 'Bearer sixteen-or-more-characters' },
    });
    const span = tracing.tracer?.start('INSERT größe', 'producer', parent);
    const given = {
      'request.id': 'r-1',
      count: 4_294_967_297,
      minus: -7,
      share: 0.5,
      ok: true,
      long: 'ä'.repeat(500),
    };
    for (const [name, value] of Object.entries(given)) span?.set(name, value);
    span?.set('count', 42);
    for (let links = 0; links < 130; links += 1) span?.link(other);
    const line = { requestId: 'r-1', trace_id: parent.traceId, span_id: parent.spanId, none: null };
    createLogger({ service: 'wiki', format: 'json' }).warn(
      { ...line, err: { code: 'TIMEOUT', list: [1, -2.5, 'a', [true]] } },
      'the call failed',
    );
    span?.end('TIMEOUT');
    span?.end();
  }
  const stored = receiver.traces.get(parent.traceId);
  const shown = stored && presentTrace(stored);
  const [span] = shown?.tree ?? [];
  expect(span).toMatchObject({
    parentId: parent.spanId,
    service: 'wiki',
    name: 'INSERT größe',
    kind: 'producer',
    status: 'error',
    message: 'TIMEOUT',
  });
  expect(span?.attributes.slice(0, 7)).toEqual([
    { name: 'request.id', value: 'r-1' },
    { name: 'count', value: '42' },
    { name: 'minus', value: '-7' },
    { name: 'share', value: '0.5' },
    { name: 'ok', value: 'true' },
    { name: 'long', value: 'ä'.repeat(500) },
    { name: 'error.type', value: 'TIMEOUT' },
  ]);
  expect(span?.attributes.find(({ name }) => name === 'link')?.value).toBe(
    `${other.traceId}/${other.spanId}`,
  );
  const startedAt = Date.parse(span?.startedAt ?? '');
  expect(startedAt).toBeGreaterThanOrEqual(before - 60);
  expect(startedAt).toBeLessThanOrEqual(Date.now() + 60);
  const [row] = receiver.logs.list({}, { limit: 5 }).rows.map(presentLogLine);
  expect(row).toMatchObject({
    service: 'wiki',
    level: 'warn',
    message: 'the call failed',
    traceId: parent.traceId,
    spanId: parent.spanId,
    requestId: 'r-1',
  });
  expect(row?.fields).toContainEqual({
    name: 'err',
    value: '{"code":"TIMEOUT","list":[1,-2.5,"a",[true]]}',
  });
});
