import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { nobody } from '../../contract/index.ts';
import { limitKeyOf } from '../limits/per-caller.ts';
import { arraySubprotocol, maxRefusedBytes, MeshError, socketPath } from '../../wire/index.ts';
import { errorAnswer } from '../http/answer.ts';
import { writeRaw } from '../http/broken-request.ts';
import { toMeshError } from '../call/failure.ts';
import type { CallLimit } from '../limits/rate-limits.ts';
import { credentialsOf } from '../http/request-headers.ts';
import { requestIdOf } from '../http/request-headers.ts';
import { tooManyError, tooManyOpenError } from '../call/refusal.ts';
import type { Service } from '../service.ts';
import { longestEcho } from '../call/unknown-name.ts';
import { createOriginCheck, type OriginCheck } from './origin.ts';
import type { Opener } from './session.ts';

/** Whether a request asks for a WebSocket; one that offers another protocol, as h2c, is served as it stands. */
export function asksForSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Takes WebSockets at `/trpc` on a server's port: the caller is authenticated
 * at the upgrade, or by the first message where the URL says
 * `connectionParams=1`.
 *
 * @throws Error for a further origin that is none.
 */
export function acceptSockets(server: Server, service: Service): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxRefusedBytes,
    handleProtocols: (offered) => (offered.has(arraySubprotocol) ? arraySubprotocol : false),
  });
  // The request is none by RFC 6455; ws would say so in plain text.
  sockets.on('wsClientError', (error, socket, request) =>
    refuse(socket, new MeshError('BAD_REQUEST', error.message), requestIdOf(request)),
  );

  const checks = {
    limit: service.limits.ofPath(socketPath),
    isAllowed: createOriginCheck(service.options.webSocketOrigins),
  };
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const requestId = requestIdOf(request);
    admit(request, service, { ...checks, requestId })
      .then((opener) => {
        mustBeWithinLimits(opener, service);
        sockets.handleUpgrade(request, socket, head, (opened) =>
          service.sessions.add(opened, { ...opener, link: socket as Socket }),
        );
      })
      .catch((thrown: unknown) => refuse(socket, toMeshError(thrown, service.options.classify), requestId));
  });
}

/** What a request for a WebSocket goes through. */
interface Admission {
  readonly limit: CallLimit | undefined;
  readonly isAllowed: OriginCheck;
  readonly requestId: string;
}

/** Who opens a WebSocket. @throws MeshError when none is opened here, or not for these credentials. */
async function admit(
  request: IncomingMessage,
  { readiness, closing, options, access, peerOf }: Service,
  { limit, isAllowed, requestId }: Admission,
): Promise<Opener> {
  const url = URL.parse(request.url ?? '/', 'http://host');
  if (url?.pathname !== socketPath)
    throw new MeshError('NOT_FOUND', `WebSockets are accepted at ${socketPath} only`);
  if (readiness.stage === 'starting' || closing.aborted)
    throw new MeshError('SERVICE_UNAVAILABLE', `The service is ${readiness.stage}`, { retry: 'safe' });
  if (!isAllowed(request))
    throw new MeshError(
      'FORBIDDEN',
      `WEBSOCKET_ORIGINS does not include the origin of this page, ${request.headers.origin?.slice(0, longestEcho)}`,
    );
  const credentials = url.searchParams.get('connectionParams') === '1' ? undefined : credentialsOf(request);
  // Those of a first message are yet to come: until then it is anybody, whatever its headers say.
  const peer = peerOf(request);
  if (credentials?.authorization === undefined) await limit?.({ peer, anonymous: true });
  if (!credentials) return { credentials, caller: nobody, peer, limitKey: limitKeyOf(nobody, peer) };
  try {
    const caller = await options.authenticate(credentials);
    return { credentials, caller, peer, limitKey: limitKeyOf(caller, peer) };
  } catch (thrown) {
    access.refused(thrown, socketPath, { requestId, peer });
    throw thrown;
  }
}

/** @throws MeshError TOO_MANY_REQUESTS where this caller has too many open, or has sent too much that was wrong. */
function mustBeWithinLimits({ limitKey }: Opener, { limits, admission: { sockets } }: Service): void {
  const { mistakes } = limits;
  const waitMs = mistakes?.waitMs(limitKey);
  if (mistakes && waitMs !== undefined) {
    const message = `Too many invalid messages from this caller: at most ${mistakes.most} in 60 s`;
    throw limits.refuse(socketPath, 'mistakes', tooManyError(waitMs, message));
  }
  if (sockets.isFull(limitKey))
    throw limits.refuse(socketPath, 'open', tooManyOpenError('WebSockets', sockets.mostOf(limitKey)));
}

function refuse(socket: Duplex, failure: MeshError, requestId: string): void {
  const answer = errorAnswer(failure, requestId);
  writeRaw(socket, `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`, answer);
}
