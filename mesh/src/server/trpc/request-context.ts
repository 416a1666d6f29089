import type { IncomingMessage } from 'node:http';
import { userTokenOf, type Authenticate } from '../../identity/index.ts';
import { header, parseTimeout } from '../../wire/index.ts';
import type { PeerOf } from '../call/peer.ts';
import type { KnownCall } from '../call/raw-call.ts';
import { credentialsIn } from '../http/connection-params.ts';
import { credentialsOf, keyOf, textOf, traceOf } from '../http/request-headers.ts';

interface Arrived {
  readonly requestId: string;
  /** Number of calls in the request. */
  readonly calls: number;
  /** The `connectionParams` of its URL, if it may have credentials there. */
  readonly params: unknown;
}

/**
 * Reads the context of a request. Credentials in headers take precedence over those in the URL.
 *
 * @throws MeshError UNAUTHORIZED for invalid credentials, not for missing ones.
 * @throws MeshError BAD_REQUEST as `credentialsIn`.
 */
export async function readContext(
  request: IncomingMessage,
  { requestId, calls, params }: Arrived,
  { authenticate, peerOf }: { authenticate: Authenticate; peerOf: PeerOf },
): Promise<KnownCall> {
  const inHeaders = credentialsOf(request);
  const showsNone = inHeaders.authorization === undefined && inHeaders.userToken === undefined;
  const credentials = showsNone ? credentialsIn(params) : inHeaders;
  return {
    caller: await authenticate(credentials),
    userToken: userTokenOf(credentials),
    requestId,
    trace: traceOf(request),
    timeoutMs: parseTimeout(textOf(request, header.timeoutMs)),
    idempotencyKey: keyOf(request, calls),
    peer: peerOf(request),
    connection: request.socket,
    header: (name) => textOf(request, name),
  };
}
