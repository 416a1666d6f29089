import { WebSocket } from 'ws';
import {
  arraySubprotocol,
  foreignSubprotocol,
  header,
  parseContractHash,
  socketPath,
} from '../../../wire/index.ts';
import type { Tls } from '../../../tls/index.ts';
import { connectingTo } from '../../endpoints/connecting-to.ts';
import { maxAnswerBytes } from '../transport.ts';
import { leaveUnmasked, type OpenedSocket } from './connection.ts';
import { NotOpened } from './not-opened.ts';

const protocols = [foreignSubprotocol, arraySubprotocol];

/** Opens WebSockets; throws NotOpened. */
export type OpenSocket = (url: string, options: OpenOptions) => Promise<OpenedSocket>;

type OpenOptions = {
  /** Path below the URL. @default '/trpc' */
  path?: string | undefined;
  ip: string | undefined;
  /** For a URL with https. @default as Node verifies it */
  tls?: Tls | undefined;
  authorization: string | undefined;
  /** Hash of the client's contract. @default not said */
  contract?: string | undefined;
  /** Longest wait, in milliseconds. */
  timeoutMs: number;
  /** Cancels. */
  signal: AbortSignal;
};

/**
 * Opens a WebSocket to a service of the mesh.
 *
 * @param url Origin of the service, such as `http://localhost:8000`.
 * @param options.ip IP address to connect to.
 * @throws NotOpened
 */
export const openSocket: OpenSocket = (
  url,
  { ip, tls, authorization, contract, timeoutMs, signal, path = socketPath },
) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, protocols, {
      headers: {
        ...(authorization !== undefined && { [header.authorization]: authorization }),
        ...(contract !== undefined && { [header.contract]: contract }),
      },
      perMessageDeflate: false,
      maxPayload: maxAnswerBytes,
      followRedirects: false,
      generateMask: leaveUnmasked,
      ...connectingTo(ip),
      ...tls?.connecting,
    });
    const giveUp = (error: NotOpened): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.terminate();
      reject(error);
    };
    const onAbort = (): void => giveUp(new NotOpened('the client was closed', 'unreached'));
    // The library's timeout restarts with each byte.
    const timer = setTimeout(
      () => giveUp(new NotOpened(`the upgrade was not answered within ${timeoutMs} ms`, 'ignored')),
      timeoutMs,
    );
    signal.addEventListener('abort', onAbort);
    // The listener stays: without one, a later error would be thrown. `close` reports it.
    let upgraded = false;
    socket.on('error', ({ message }) => giveUp(new NotOpened(message, upgraded ? 'refused' : 'unreached')));
    socket.once('unexpected-response', (_request, { statusCode = 0 }) =>
      giveUp(new NotOpened(`the upgrade was answered with HTTP ${statusCode}`, reasonOf(statusCode))),
    );
    socket.once('upgrade', ({ socket: link, headers }) => {
      upgraded = true;
      socket.once('open', () => {
        if (socket.protocol !== arraySubprotocol)
          return giveUp(new NotOpened('the WebSocket is not one of the mesh', 'refused'));
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve({ socket, link, contract: parseContractHash(headers[header.contract]) });
      });
    });
  });

function reasonOf(status: number): NotOpened['reason'] {
  if (status === 401 || status === 403) return 'credentials';
  return status >= 500 ? 'unavailable' : 'refused';
}
