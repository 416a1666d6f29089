import { WebSocket } from 'ws';
import { arraySubprotocol, header, socketPath } from '../../../wire/index.ts';
import { connectingTo } from '../../endpoints/connecting-to.ts';
import { maxAnswerBytes } from '../transport.ts';
import { leaveUnmasked, type OpenedSocket } from './connection.ts';

/** No WebSocket was opened. */
export class NotOpened extends Error {
  /**
   * `refused`: answered without an upgrade. `ignored`: not answered. `unreached`: no connection. `unavailable`:
   * answered with 5xx. `credentials`: answered with 401 or 403.
   */
  readonly reason: 'refused' | 'ignored' | 'unreached' | 'unavailable' | 'credentials';

  constructor(message: string, reason: NotOpened['reason']) {
    super(message);
    this.reason = reason;
  }
}

/** Opens WebSockets; throws NotOpened. */
export type OpenSocket = (url: string, options: OpenOptions) => Promise<OpenedSocket>;

type OpenOptions = {
  ip: string | undefined;
  authorization: string | undefined;
  /** Longest wait, in milliseconds. */
  timeoutMs: number;
  /** Cancels. */
  signal: AbortSignal;
};

/**
 * Opens a WebSocket to a service.
 *
 * @param url Origin of the service, such as `http://localhost:8000`.
 * @param options.ip IP address to connect to.
 * @throws NotOpened
 */
export const openSocket: OpenSocket = (url, { ip, authorization, timeoutMs, signal }) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${socketPath}`, arraySubprotocol, {
      headers: authorization === undefined ? {} : { [header.authorization]: authorization },
      perMessageDeflate: false,
      maxPayload: maxAnswerBytes,
      followRedirects: false,
      generateMask: leaveUnmasked,
      ...connectingTo(ip),
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
    socket.on('error', (error) => giveUp(new NotOpened(error.message, 'unreached')));
    socket.once('unexpected-response', (_request, { statusCode = 0 }) =>
      giveUp(new NotOpened(`the upgrade was answered with HTTP ${statusCode}`, reasonOf(statusCode))),
    );
    socket.once('upgrade', ({ socket: link }) => {
      socket.once('open', () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve({ socket, link });
      });
    });
  });

function reasonOf(status: number): NotOpened['reason'] {
  if (status === 401 || status === 403) return 'credentials';
  return status >= 500 ? 'unavailable' : 'refused';
}
