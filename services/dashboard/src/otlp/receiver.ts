import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { createHttpServer, formatRetryAfter, type Startable } from '@arcadium/mesh/server';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Tls } from '@arcadium/mesh/tls';
import { errorCodes, MeshError } from '@arcadium/mesh/contract';
import type { LogStore } from '../stores/logs.ts';
import type { TraceStore } from '../stores/traces.ts';
import { Bodies } from './bodies.ts';
import { formatOf, jsonFormat, type Format, type PartialSuccess } from './format.ts';
import { readLines } from './read-lines.ts';
import { readSpans, type Batch } from './read-spans.ts';

/** How long the headers and the whole of a request may take, in milliseconds. */
const headersTimeoutMs = 5000;
const requestTimeoutMs = 10_000;
/** How long a connection may be idle, in milliseconds; exporters send every few seconds. */
const keepAliveTimeoutMs = 65_000;
const mostConnections = 512;
const itemsPerTurn = 200;

export interface OtlpReceiverOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  /** A sender must present one of these as `Authorization: Bearer …`; asked for each request. @default nothing */
  tokens?: () => readonly string[] | undefined;
  traces: TraceStore;
  logs: LogStore;
  /** Serves HTTPS, if it has a certificate. @default HTTP */
  tls?: Tls | undefined;
  log: Pick<Logger, 'info' | 'debug' | 'error'>;
  now: () => number;
  /** @default 10000 */
  requestTimeoutMs?: number;
}

/**
 * Receives traces and logs over OTLP/HTTP, as protobuf and as JSON: `POST /v1/traces`, `POST /v1/logs`.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export class OtlpReceiver implements Startable {
  readonly #options: OtlpReceiverOptions;
  readonly #server: Server;
  readonly #bodies = new Bodies();

  constructor(options: OtlpReceiverOptions) {
    this.#options = options;
    const requestTimeout = options.requestTimeoutMs ?? requestTimeoutMs;
    this.#server = createHttpServer(
      {
        headersTimeout: Math.min(headersTimeoutMs, requestTimeout),
        requestTimeout,
        keepAliveTimeout: keepAliveTimeoutMs,
        connectionsCheckingInterval: 500,
      },
      options,
    );
    this.#server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response),
    );
    this.#server.maxConnections = mostConnections;
  }

  /** Where it listens, for example `http://127.0.0.1:4318`. */
  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    const scheme = this.#options.tls?.serves ? 'https' : 'http';
    return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** @throws Error if the port is taken. */
  async start(): Promise<void> {
    const { host, port, log } = this.#options;
    this.#server.listen(port, host);
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      const hint = 'set OTLP_PORT to a free one, or stop what listens there, perhaps another collector';
      throw new Error(`Cannot receive traces and logs on ${host}:${port}: ${hint}`, { cause: error });
    }
    log.debug({ url: this.url }, 'receiving traces and logs over OTLP');
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    // Exporters send again what was not answered.
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const format = formatOf(request.headers['content-type']);
    try {
      const signal = this.#signalOf(request);
      this.#authorise(request);
      if (!format)
        throw new MeshError(
          'UNSUPPORTED_MEDIA_TYPE',
          'The content type must be application/x-protobuf or application/json',
        );
      const partial = await this.#bodies.receive(request, (body) => signal(format, body));
      const answer = format.accepted(partial.rejected > 0 ? partial : undefined);
      response.writeHead(200, { 'content-type': format.contentType }).end(answer);
    } catch (error) {
      this.#refuse(error, response, format ?? jsonFormat);
    }
  }

  #signalOf({
    url = '',
    method,
  }: IncomingMessage): (format: Format, body: Buffer) => Promise<PartialSuccess> {
    const path = url.split('?', 1)[0];
    const known = path === '/v1/traces' || path === '/v1/logs';
    if (!known) throw new MeshError('NOT_FOUND', 'Unknown path: traces go to /v1/traces, logs to /v1/logs');
    if (method !== 'POST') throw new MeshError('METHOD_NOT_SUPPORTED', 'The method must be POST');
    return path === '/v1/traces' ? this.#takeTraces : this.#takeLogs;
  }

  readonly #takeTraces = async (format: Format, body: Buffer): Promise<PartialSuccess> => {
    const batch = readSpans(format.decode(body, 'ExportTraceServiceRequest'));
    await inTurns(batch.items, (spans) => this.#options.traces.add(spans));
    return partialOf('rejectedSpans', batch);
  };

  readonly #takeLogs = async (format: Format, body: Buffer): Promise<PartialSuccess> => {
    const batch = readLines(format.decode(body, 'ExportLogsServiceRequest'), this.#options.now());
    await inTurns(batch.items, (lines) => this.#options.logs.add(lines));
    return partialOf('rejectedLogRecords', batch);
  };

  /** A page in a browser has no business here, whatever name its server has given to this address. */
  #authorise({ headers }: IncomingMessage): void {
    if (headers.origin !== undefined) throw new MeshError('FORBIDDEN', 'Browsers may not send telemetry');
    const tokens = this.#options.tokens?.();
    if (!tokens) return;
    if (tokens.some((token) => isEqual(headers.authorization ?? '', `Bearer ${token}`))) return;
    throw new MeshError('UNAUTHORIZED', 'Send "Authorization: Bearer" with the value of OTLP_TOKEN');
  }

  #refuse(error: unknown, response: ServerResponse, format: Format): void {
    const { log } = this.#options;
    const known =
      error instanceof MeshError ? error : new MeshError('INTERNAL_SERVER_ERROR', 'Internal error');
    if (known === error) log.debug({ err: error }, 'telemetry was refused');
    else log.error({ err: error }, 'telemetry was not read');
    const { httpStatus } = errorCodes[known.code];
    if (known.retryAfterMs !== undefined)
      response.setHeader('retry-after', formatRetryAfter(known.retryAfterMs));
    if (httpStatus === 401) response.setHeader('www-authenticate', 'Bearer');
    if (httpStatus === 405) response.setHeader('allow', 'POST');
    if (httpStatus === 415) response.setHeader('accept-encoding', 'gzip');
    const body = format.refused(grpcCodes[httpStatus] ?? 2, known.message);
    response.writeHead(httpStatus, { 'content-type': format.contentType }).end(body);
  }
}

/** gRPC's numbers of what is answered here: INVALID_ARGUMENT, UNAUTHENTICATED, … */
const grpcCodes: Record<number, number> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  413: 3,
  415: 3,
  429: 8,
  500: 13,
};

/** Stores a few items in each turn of the event loop, so that a large batch holds up no call. */
async function inTurns<Item>(items: readonly Item[], store: (items: readonly Item[]) => void): Promise<void> {
  for (let first = 0; first < items.length; first += itemsPerTurn) {
    if (first > 0) await setImmediate();
    store(items.slice(first, first + itemsPerTurn));
  }
}

function partialOf<Item>(count: PartialSuccess['count'], { rejected, reason }: Batch<Item>): PartialSuccess {
  return { count, rejected, reason };
}

/** Takes as long for any two values. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
