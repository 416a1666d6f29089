import http, { type Server, type ServerOptions } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { Aggregator, describeError, type Logger } from '../../telemetry/index.ts';
import type { Tls } from '../../tls/index.ts';

/**
 * Longest time for the headers and for a whole request, in milliseconds; and interval of their checks: with Node's 30 s,
 * headers may take 40 s.
 */
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 };

/** What clients do that only look whether the port is open. */
const left = new Set(['ECONNRESET', 'EPIPE']);

/**
 * Makes a server for HTTPS, if there is a certificate, or for HTTP, that cuts slow requests and handshakes. Another
 * certificate is used for new connections.
 *
 * @example
 * const { port } = { port: 3000 };
 * createHttpServer({ keepAlive: true }, { tls, log }).listen(port);
 */
export function createHttpServer(
  given: ServerOptions,
  { tls, log }: { tls?: Tls | undefined; log: Pick<Logger, 'info'> },
): Server {
  const options = { ...limits, ...given };
  if (tls?.serves !== true) return http.createServer(options);
  const handshakeTimeout = limits.headersTimeout;
  const server = https.createServer({ ...options, ...tls.serving, handshakeTimeout });
  const stopFollowing = tls.onChange(() => server.setSecureContext(tls.serving));
  const failures = new Aggregator<{ reason: string; code: string; address: string | undefined }>({
    report: (failure, count) =>
      log.info({ ...failure, count }, 'TLS handshakes failed: only TLS 1.3 is spoken on this port'),
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const { code = '' } = error;
    if (left.has(code)) return;
    const address = (socket as Partial<Socket>).remoteAddress;
    failures.add(`${code} ${address}`, { code, reason: describeError(error), address });
  });
  server.once('close', () => {
    stopFollowing();
    failures.flush();
  });
  return server;
}

/** The event of a server with the socket that its requests come on. */
export function connectionEvent(server: Server): 'connection' | 'secureConnection' {
  // An HTTPS server is one of TLS, which has this method.
  return 'setSecureContext' in server ? 'secureConnection' : 'connection';
}
