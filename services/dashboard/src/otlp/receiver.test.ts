import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openReceiver } from '../testing/receiver.ts';

const traceId = 'ab'.repeat(16);
const at = (ms: number) => `${BigInt(Date.UTC(2026, 0) + ms) * 1_000_000n}`;
const spanAt = (ms: number, parts = {}) => ({
  traceId,
  spanId: 'cd'.repeat(8),
  name: 'wiki.pages.get',
  kind: 2,
  startTimeUnixNano: at(ms),
  endTimeUnixNano: at(ms + 3),
  ...parts,
});
const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'wiki' } }] };
const tracesOf = (...spans: object[]) =>
  JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }], unknownField: [1] });
const logsOf = (...logRecords: object[]) =>
  JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
const protobuf = { 'content-type': 'application/x-protobuf' };

test('takes spans as JSON, plain and compressed, and answers as JSON', async () => {
  await using receiver = await openReceiver();
  const attributes = [
    { key: 'n', value: { intValue: '-9007199254740993' } },
    { key: 'nan', value: { doubleValue: 'NaN' } },
    { key: 'map', value: { kvlistValue: { values: [{ key: 'a', value: { boolValue: false } }] } } },
    { key: 'none', value: {} },
  ];
  const span = spanAt(0, { attributes, status: { code: 2, message: 'CONFLICT' }, parentSpanId: '' });
  const answer = await receiver.post('/v1/traces', tracesOf(span));
  expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toEqual([
    200,
    'application/json',
    {},
  ]);
  const other = gzipSync(tracesOf(spanAt(1, { spanId: 'EF'.repeat(8), parentSpanId: 'cd'.repeat(8) })));
  const compressed = { 'content-encoding': 'gzip', 'content-type': 'application/json; charset=utf-8' };
  expect((await receiver.post('/v1/traces', other, compressed)).status).toBe(200);
  expect(receiver.traces.get(traceId)).toMatchObject({
    failed: true,
    durationUs: 4000,
    spans: [
      {
        message: 'CONFLICT',
        kind: 'server',
        parentId: null,
        attributes: {
          names: ['n', 'nan', 'map', 'none'],
          values: ['-9007199254740993', 'NaN', '{"a":false}', ''],
        },
      },
      { spanId: 'ef'.repeat(8), parentId: 'cd'.repeat(8), failed: false },
    ],
  });
});

test('takes log records as JSON: levels by number or text, times by need', async () => {
  await using receiver = await openReceiver({ now: () => Date.UTC(2026, 5) });
  const body = { stringValue: 'text' };
  const answer = await receiver.post(
    '/v1/logs',
    logsOf(
      { timeUnixNano: at(7), severityNumber: 9, body, traceId, spanId: 'cd'.repeat(8) },
      { observedTimeUnixNano: at(8), severityNumber: 24, body, traceId: '0'.repeat(32) },
      {
        attributes: [
          { key: 'context', value: { kvlistValue: { values: [{ key: 'request_id', value: body }] } } },
        ],
      },
      { severityText: 'WARN', attributes: [{ key: 'request.id', value: { stringValue: 'r' } }] },
    ),
  );
  expect(await answer.json()).toEqual({});
  expect(receiver.logs.list({}, { limit: 5 }).rows).toMatchObject([
    { at: Date.UTC(2026, 5), level: 'warn', message: '', requestId: 'r', fields: { names: [] } },
    { requestId: 'text', fields: { names: ['context'] } },
    { at: Date.UTC(2026, 0) + 8, level: 'fatal', message: 'text', traceId: null },
    { at: Date.UTC(2026, 0) + 7, level: 'info', traceId, spanId: 'cd'.repeat(8), requestId: null },
  ]);
});

test('says how many spans it refused: without ids, with impossible times, and more than 10,000', async () => {
  await using receiver = await openReceiver();
  const wrong = [
    { traceId: '0'.repeat(32) },
    { spanId: 'cd' },
    { startTimeUnixNano: '18446744073709551615' },
    { endTimeUnixNano: 0 },
  ].map((parts) => spanAt(0, parts));
  const answer = await receiver.post('/v1/traces', tracesOf(spanAt(0), ...wrong));
  expect([answer.status, await answer.json()]).toEqual([
    200,
    {
      partialSuccess: {
        rejectedSpans: '4',
        errorMessage: expect.stringContaining('trace id') as string,
      },
    },
  ]);
  const many = await receiver.post(
    '/v1/logs',
    logsOf(...Array.from({ length: 10_007 }, () => ({ severityNumber: 9 }))),
  );
  expect(await many.json()).toMatchObject({ partialSuccess: { rejectedLogRecords: '7' } });
  expect(receiver.logs.size).toBe(10_000);
});

test('clips what is too long, and keeps 120 attributes and 6 links', async () => {
  await using receiver = await openReceiver();
  const attributes = Array.from({ length: 200 }, (_, n) => ({
    key: `${n}`.padEnd(1000, 'k'),
    value: { stringValue: 'ü'.repeat(2000) },
  }));
  const links = Array.from({ length: 500 }, () => ({ traceId, spanId: 'ef'.repeat(8) }));
  await receiver.post('/v1/traces', tracesOf(spanAt(0, { attributes, links, name: 'n'.repeat(5000) })));
  const span = receiver.traces.get(traceId)?.spans[0];
  expect(span?.name).toBe(`${'n'.repeat(199)}…`);
  expect(span?.attributes.values).toHaveLength(126);
  expect(span?.attributes.names[0]).toHaveLength(128);
  expect(span?.attributes.names.indexOf('link')).toBe(120);
  expect(span?.attributes.values.at(-1)).toBe(`${traceId}/${'ef'.repeat(8)}`);
  expect(span?.attributes.values[0]).toBe(`${'ü'.repeat(999)}…`);
});

test.each([
  ['another path', '/v1/metrics', '{}', {}, 404, 5],
  ['another content type', '/v1/traces', 'x', { 'content-type': 'text/plain' }, 415, 3],
  ['another encoding', '/v1/traces', '{}', { 'content-encoding': 'br' }, 415, 3],
  ['no gzip', '/v1/traces', '{}', { 'content-encoding': 'gzip' }, 400, 3],
  ['no JSON', '/v1/traces', '{', {}, 400, 3],
  ['an array', '/v1/traces', '[]', {}, 400, 3],
  ['a wrong type', '/v1/traces', '{"resourceSpans":5}', {}, 400, 3],
  ['a wrong type within', '/v1/logs', logsOf({ attributes: { a: 1 } }), {}, 400, 3],
  ['many parts', '/v1/traces', `[${'[],'.repeat(300_001)}0]`, {}, 400, 3],
  ['deep nesting', '/v1/traces', '['.repeat(100_000), {}, 400, 3],
  ['a page in a browser', '/v1/traces', '{}', { origin: 'https://example.com' }, 403, 7],
])('refuses %s with a status in JSON', async (...row) => {
  const [, path, body, headers, status, code] = row;
  await using receiver = await openReceiver();
  const answer = await receiver.post(path, body, headers);
  expect([answer.status, await answer.json()]).toEqual([
    status,
    { code, message: expect.any(String) as string },
  ]);
});

test('without the token nothing is taken', async () => {
  await using receiver = await openReceiver({
    tokens: () => ['the-token-of-the-receiver', 'the-next-token-of-it'],
  });
  for (const authorization of ['', 'Bearer the-token-of-the-sender', 'the-token-of-the-receiver']) {
    const answer = await receiver.post('/v1/traces', tracesOf(spanAt(0)), { authorization });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  }
  expect(receiver.traces.size).toBe(0);
  for (const token of ['the-token-of-the-receiver', 'the-next-token-of-it']) {
    const headers = { authorization: `Bearer ${token}` };
    expect((await receiver.post('/v1/traces', tracesOf(spanAt(0)), headers)).status).toBe(200);
  }
});

test('a body of more than 4 MiB is refused, announced, chunked or decompressed', async () => {
  await using receiver = await openReceiver();
  const long = Buffer.alloc(4 * 2 ** 20 + 1, ' ');
  const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20));
  expect(bomb.length).toBeLessThan(2 ** 20);
  const chunked = fetch(`${receiver.url}/v1/traces`, {
    method: 'POST',
    body: new Blob([long]).stream(),
    duplex: 'half',
    headers: { 'content-type': 'application/json' },
  });
  const answers = await Promise.all([
    receiver.post('/v1/traces', long),
    chunked,
    receiver.post('/v1/traces', bomb, { 'content-encoding': 'gzip' }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([413, 413, 413]);
  expect((await receiver.post('/v1/traces', long.subarray(1))).status).toBe(400);
  expect((await receiver.post('/v1/traces', tracesOf(spanAt(0)))).status).toBe(200);
});

test('answers protobuf in protobuf', async () => {
  await using receiver = await openReceiver();
  const good = await receiver.post('/v1/traces', '', protobuf);
  expect([good.status, good.headers.get('content-type'), (await good.bytes()).length]).toEqual([
    200,
    'application/x-protobuf',
    0,
  ]);
  const bad = await receiver.post('/v1/traces', 'nonsense', protobuf);
  expect(bad.status).toBe(400);
  // Field 1, code: 3; then field 2, message.
  expect([...(await bad.bytes()).subarray(0, 3)]).toEqual([8, 3, 18]);
  // resource_spans { scope_spans { spans {} } }
  const partial = await receiver.post('/v1/traces', Uint8Array.of(10, 4, 18, 2, 18, 0), protobuf);
  expect(partial.status).toBe(200);
  // partial_success { rejected_spans: 1, error_message }
  const bytes = await partial.bytes();
  expect([bytes[0], ...bytes.subarray(2, 5)]).toEqual([10, 8, 1, 18]);
});

/** Begins a request, and sends all of its body but the last byte. @param length Of the body, in bytes. */
async function beginRequest(url: string, length = 2) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  const answer = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (bytes) => (text += bytes.toString()));
    socket.on('close', () => resolve(text));
  });
  const head = [
    'POST /v1/traces HTTP/1.1',
    'Host: a',
    'Content-Type: application/json',
    `Content-Length: ${length}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  await new Promise<void>((resolve) => void socket.write(' '.repeat(length - 1), () => resolve()));
  return { answer, [Symbol.dispose]: () => void socket.destroy() };
}

test('a slow body is cut', async () => {
  await using receiver = await openReceiver({ requestTimeoutMs: 1000 });
  using slow = await beginRequest(receiver.url);
  expect(await slow.answer).toMatch(/^HTTP\/1.1 408 /);
  expect((await receiver.post('/v1/traces', '{}')).status).toBe(200);
});

test('with 32 bodies under way, the next one is asked to come again', async () => {
  await using receiver = await openReceiver();
  using slow = new DisposableStack();
  for (let n = 0; n < 32; n += 1) slow.use(await beginRequest(receiver.url));
  await expect
    .poll(async () => {
      const answer = await receiver.post('/v1/traces', '{}');
      return [answer.status, answer.headers.get('retry-after')];
    })
    .toEqual([429, '1']);
  slow.dispose();
  await expect.poll(async () => (await receiver.post('/v1/traces', '{}')).status).toBe(200);
});

test('with 16 MiB of bodies under way, the next one is asked to come again', async () => {
  await using receiver = await openReceiver();
  using slow = new DisposableStack();
  for (let n = 0; n < 4; n += 1) slow.use(await beginRequest(receiver.url, 4 * 2 ** 20));
  const next = () => receiver.post('/v1/traces', ' '.repeat(1000));
  await expect.poll(async () => (await next()).status).toBe(429);
  slow.dispose();
  await expect.poll(async () => (await next()).status).toBe(400);
});

test('a port that is taken is named, with the setting', async () => {
  await using receiver = await openReceiver();
  const port = Number(new URL(receiver.url).port);
  await expect(openReceiver({ port })).rejects.toThrow(`127.0.0.1:${port}: set OTLP_PORT to a free one`);
});
