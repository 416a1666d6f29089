import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { nobody } from '../../contract/index.ts';
import { limitKeyOf } from '../limits/per-caller.ts';
import { arraySubprotocol, header, maxRefusedBytes, MeshError, socketPath } from '../../wire/index.ts';
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

/** Whether a request asks for a WebSocket. With another `Upgrade`, such as h2c, it is served as plain HTTP. */
export function asksForSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Accepts WebSockets at `/trpc`, authenticated by their headers or, with `?connectionParams=1`, by their first message.
 *
 * @throws Error for an invalid origin in `webSocketOrigins`.
 */
export function acceptSockets(server: Server, service: Service): void {
  server.on('upgrade', upgradeHandler(service));
}

/** The handler of upgrade requests, as `acceptSockets`. @throws Error as `acceptSockets` */
export function upgradeHandler(
  service: Service,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxRefusedBytes,
    handleProtocols: (offered) => (offered.has(arraySubprotocol) ? arraySubprotocol : false),
  });
  // Says which contract this process was built with, as the client did in its request.
  sockets.on('headers', (headers) => {
    const hash = service.contractHash();
    if (hash !== undefined) headers.push(`${header.contract}: ${hash}`);
  });
  // An invalid handshake (RFC 6455), which ws would answer in plain text.
  sockets.on('wsClientError', (error, socket, request) =>
    refuseUpgrade(socket, new MeshError('BAD_REQUEST', error.message), requestIdOf(request)),
  );

  const checks = {
    limit: service.limits.ofPath(socketPath),
    isAllowed: createOriginCheck(service.options.webSocketOrigins),
  };
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const requestId = requestIdOf(request);
    admit(request, service, { ...checks, requestId })
      .then((opener) => {
        mustBeWithinLimits(opener, service);
        sockets.handleUpgrade(request, socket, head, (opened) =>
          service.sessions.add(opened, { ...opener, request, link: socket as Socket }),
        );
      })
      .catch((thrown: unknown) =>
        refuseUpgrade(socket, toMeshError(thrown, service.options.classify), requestId),
      );
  };
}

interface Admission {
  readonly limit: CallLimit | undefined;
  readonly isAllowed: OriginCheck;
  readonly requestId: string;
}

async function admit(
  request: IncomingMessage,
  { readiness, closing, options, access, certificates, peerOf }: Service,
  { limit, isAllowed, requestId }: Admission,
): Promise<Opener> {
  const url = URL.parse(request.url ?? '/', 'http://host');
  if (url?.pathname !== socketPath)
    throw new MeshError('NOT_FOUND', `WebSockets are accepted at ${socketPath} only`);
  if (readiness.stage === 'starting' || closing.aborted)
    throw new MeshError('SERVICE_UNAVAILABLE', `The service is ${readiness.stage}`, { retry: 'safe' });
  certificates?.mustBeValid(request);
  if (!isAllowed(request))
    throw new MeshError(
      'FORBIDDEN',
      `WEBSOCKET_ORIGINS does not include the origin of this page, ${request.headers.origin?.slice(0, longestEcho)}`,
    );
  const credentials = url.searchParams.get('connectionParams') === '1' ? undefined : credentialsOf(request);
  // With connectionParams, a caller is anonymous until its first message, whatever its headers say.
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

/** Answers an upgrade request with an error, and ends the connection. */
export function refuseUpgrade(socket: Duplex, failure: MeshError, requestId: string): void {
  const answer = errorAnswer(failure, requestId);
  writeRaw(socket, `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`, answer);
}
