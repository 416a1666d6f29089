import type { Dispatcher } from 'undici';
import { logExport, unexported } from '../log-export.ts';
import type { Logger } from '../logger.ts';
import { tracing } from '../tracing.ts';
import { writeLogRecord } from './log-record.ts';
import { Outlet } from './outlet.ts';
import { itemField, resourceOf } from './request-body.ts';
import { OtlpTracer } from './tracer.ts';

type RequestHeaders = Readonly<Record<string, string>>;

export interface ExportOptions {
  /** Name of the service, `service.name` of what it sends. */
  service: string;
  /** Its version, `service.version`. */
  version: string;
  /** Logs failures to send, which are not sent themselves. */
  log: Logger;
  /** Receiver of OTLP over HTTP, such as `http://localhost:4318`. */
  endpoint: string;
  /** Headers of each request to the receiver; a function is asked at each request. @default none */
  headers?: RequestHeaders | (() => RequestHeaders) | undefined;
  /** Share of the traces that begin here which are recorded, 0 to 1. Other traces have been decided by their callers. @default 1 */
  traceShare?: number | undefined;
  /** For an endpoint with https (`openTls`). @default as Node verifies it */
  tls?: { readonly outside: { readonly dispatcher: Dispatcher } } | undefined;
}

/** Starts to send spans and log lines, as `openTelemetry` says. */
export function startExport(options: ExportOptions): AsyncDisposable {
  const { service, version, endpoint, headers = {}, log, tls, traceShare = 1 } = options;
  const sending = {
    endpoint,
    headers: typeof headers === 'function' ? headers : () => headers,
    via: tls && (() => tls.outside.dispatcher),
    resource: resourceOf({
      'service.name': service,
      'service.version': version,
      'service.instance.id': crypto.randomUUID(),
    }),
    log: {
      debug: unexported((fields, message) => log.debug(fields, message)),
      info: unexported((fields, message) => log.info(fields, message)),
      warn: unexported((fields, message) => log.warn(fields, message)),
    },
  };
  const spans = new Outlet({ signal: 'traces', ...sending });
  const lines = new Outlet({ signal: 'logs', ...sending });
  const tracer = new OtlpTracer((span) => spans.add((to) => span.write(to, itemField)), traceShare);
  const emit = (line: string): void => lines.add((to) => writeLogRecord(to, itemField, line));
  tracing.tracer = tracer;
  logExport.emit = emit;
  return {
    async [Symbol.asyncDispose]() {
      if (tracing.tracer === tracer) tracing.tracer = undefined;
      if (logExport.emit === emit) logExport.emit = undefined;
      await Promise.all([spans.close(), lines.close()]);
    },
  };
}
