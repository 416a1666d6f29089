import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Fields } from './protobuf.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** A span as OTLP carries it. */
export type ReceivedSpan = Readonly<{
  service: string;
  traceId: string;
  spanId: string;
  /** Empty for the first span of a trace. */
  parentId: string;
  name: string;
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer' | undefined;
  /** In milliseconds since 1970. */
  startedAt: number;
  durationMs: number;
  attributes: Attributes;
  /** Span ids. */
  links: readonly string[];
  failed: boolean;
}>;

/** A log record as OTLP carries it. */
export type ReceivedLog = Readonly<{
  service: string;
  traceId: string;
  spanId: string;
  severity: number;
  level: string | undefined;
  body: unknown;
  attributes: Attributes;
}>;

/** A receiver of OTLP over HTTP on a free port, which decodes protobuf by the numbers in OTLP's own schema. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly logs: ReceivedLog[];
  readonly requests: Readonly<{ path: string; headers: Readonly<Record<string, unknown>> }>[];
  /** HTTP status of the next answers; `silent` for none. */
  status: number | 'silent';
}

/**
 * Starts a receiver of OpenTelemetry's protocol that keeps what it gets.
 *
 * @example
 * await using receiver = await startOtlpReceiver();
 * await using telemetry = await openTelemetry({ service: 'shop', version: '1', endpoint: receiver.url, log });
 */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const requests: OtlpReceiver['requests'] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { url: path = '', headers } = request;
      requests.push({ path, headers });
      if (receiver.status === 200 && path === '/v1/traces') spans.push(...spansOf(new Fields(body)));
      if (receiver.status === 200 && path === '/v1/logs') logs.push(...logsOf(new Fields(body)));
      if (receiver.status !== 'silent')
        response.writeHead(receiver.status, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    logs,
    requests,
    status: 200,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

const kinds = [undefined, 'internal', 'server', 'client', 'producer', 'consumer'] as const;

function spansOf(request: Fields): ReceivedSpan[] {
  return request.messages(1).flatMap((ofResource) =>
    ofResource
      .messages(2)
      .flatMap((ofScope) => ofScope.messages(2))
      .map((span) => ({
        service: serviceOf(ofResource),
        traceId: span.hex(1),
        spanId: span.hex(2),
        parentId: span.hex(4),
        name: span.text(5) ?? '',
        kind: kinds[Number(span.number(6))],
        startedAt: Number(span.number(7)) / 1e6,
        durationMs: Number((span.number(8) ?? 0n) - (span.number(7) ?? 0n)) / 1e6,
        attributes: attributesOf(span, 9),
        links: span.messages(13).map((link) => link.hex(2)),
        failed: span.message(15)?.number(3) === 2n,
      })),
  );
}

function logsOf(request: Fields): ReceivedLog[] {
  return request.messages(1).flatMap((ofResource) =>
    ofResource
      .messages(2)
      .flatMap((ofScope) => ofScope.messages(2))
      .map((record) => ({
        service: serviceOf(ofResource),
        traceId: record.hex(9),
        spanId: record.hex(10),
        severity: Number(record.number(2)),
        level: record.text(3),
        body: valueOf(record.message(5)),
        attributes: attributesOf(record, 6),
      })),
  );
}

function serviceOf(ofResource: Fields): string {
  const resource = ofResource.message(1);
  return String(resource && attributesOf(resource, 1)['service.name']);
}

function attributesOf(from: Fields, field: number): Attributes {
  return Object.fromEntries(
    from.messages(field).map((pair) => [pair.text(1) ?? '', valueOf(pair.message(2))]),
  );
}

function valueOf(value: Fields | undefined): unknown {
  if (!value) return undefined;
  const map = value.message(6);
  if (map) return attributesOf(map, 1);
  const list = value.message(5);
  if (list) return list.messages(1).map(valueOf);
  const double = value.number(4);
  if (double !== undefined) return Buffer.from(BigUint64Array.of(double).buffer).readDoubleLE();
  const flag = value.number(2);
  if (flag !== undefined) return flag === 1n;
  return value.text(1) ?? Number(value.number(3));
}
