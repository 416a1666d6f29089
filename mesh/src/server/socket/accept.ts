import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Readiness } from '../../health/index.ts';
import type { Authenticate, Credentials } from '../../identity/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { arraySubprotocol, maxMessageBytes, MeshError, socketPath } from '../../wire/index.ts';
import { writeRaw } from '../broken-request.ts';
import type { CompiledProcedure } from '../compile.ts';
import { toMeshError, type ClassifyError } from '../failure.ts';
import { errorAnswer } from '../answer.ts';
import { credentialsOf } from '../request-context.ts';
import { Session } from './session.ts';

/** What every connection needs. */
export interface SocketOptions {
  readonly procedures: ReadonlyMap<string, CompiledProcedure>;
  readonly authenticate: Authenticate;
  readonly classify: ClassifyError | undefined;
  readonly readiness: Readiness;
  readonly log: Logger;
  /** Fires, with the MeshError that subscribers get, when the service stops. */
  readonly closing: AbortSignal;
}

/** How often each connection must show a sign of life, in milliseconds. */
const pingIntervalMs = 15_000;

/** Whether a request asks for a WebSocket; one that offers another protocol, as h2c, is served as it stands. */
export function asksForSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Takes WebSockets at `/trpc` on a server's port: the caller is authenticated
 * at the upgrade, or by the first message where the URL says
 * `connectionParams=1`.
 *
 * @returns A function that asks all connected to go elsewhere, lets them finish what is under way, and resolves when
 * all are gone. What is left after `timeoutMs` (in milliseconds) is cut.
 */
export function acceptSockets(server: Server, options: SocketOptions): (timeoutMs: number) => Promise<void> {
  const sessions = new Set<Session>();
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => (offered.has(arraySubprotocol) ? arraySubprotocol : false),
  });
  // The request is none by RFC 6455; ws would say so in plain text.
  sockets.on('wsClientError', (error, socket) => refuse(socket, new MeshError('BAD_REQUEST', error.message)));
  const heartbeat = setInterval(() => {
    for (const session of sessions) {
      if (session.alive) session.ping();
      else session.terminate();
    }
  }, pingIntervalMs).unref();

  const open = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    credentials: Credentials | undefined,
  ) => {
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const session = new Session(opened, options, {
        credentials,
        arrays: opened.protocol === arraySubprotocol,
      });
      sessions.add(session);
      void session.closed.then(() => sessions.delete(session));
      // It was let in while the others were being asked to go.
      if (options.closing.aborted) session.drain();
    });
  };

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    admit(request, options).then(
      (credentials) => open(request, socket, head, credentials),
      (thrown: unknown) => refuse(socket, toMeshError(thrown, options.classify)),
    );
  });

  return async (timeoutMs) => {
    clearInterval(heartbeat);
    const cut = setTimeout(() => {
      for (const session of sessions) session.terminate();
    }, timeoutMs);
    for (const session of sessions) session.drain();
    await Promise.all([...sessions].map((session) => session.closed));
    clearTimeout(cut);
  };
}

/** @throws MeshError when no WebSocket is opened here, or not for these credentials. */
async function admit(
  request: IncomingMessage,
  { readiness, authenticate }: SocketOptions,
): Promise<Credentials | undefined> {
  const url = URL.parse(request.url ?? '/', 'http://host');
  if (url?.pathname !== socketPath)
    throw new MeshError('NOT_FOUND', `A WebSocket is opened at ${socketPath}`);
  if (readiness.stage !== 'ready')
    throw new MeshError('SERVICE_UNAVAILABLE', `The service is ${readiness.stage}`, { retry: 'safe' });
  const { origin, host } = request.headers;
  if (origin !== undefined && URL.parse(origin)?.host !== host)
    throw new MeshError('FORBIDDEN', 'A page of another origin opens no WebSocket here');
  if (url.searchParams.get('connectionParams') === '1') return undefined;
  const credentials = credentialsOf(request);
  await authenticate(credentials);
  return credentials;
}

function refuse(socket: Duplex, failure: MeshError): void {
  const { status, body } = errorAnswer(failure);
  writeRaw(socket, `${status} ${STATUS_CODES[status] ?? ''}`, body);
}
