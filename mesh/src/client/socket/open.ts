import { WebSocket } from 'ws';
import { arraySubprotocol, header, socketPath } from '../../wire/index.ts';
import { SocketConnection } from './connection.ts';

/** The longest message that is taken in, in bytes: an answer may be longer than a call. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** No WebSocket was opened: the server, or something before it, said no, or there was nobody. */
export class NotOpened extends Error {
  /** What was answered in the place of the upgrade, if anything was. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/**
 * Opens a WebSocket to a service.
 *
 * @param url Where the service is, as `http://localhost:8000`.
 * @param options.timeoutMs Longest wait for it to be open, in milliseconds.
 * @throws NotOpened
 */
export function openConnection(
  url: string,
  options: {
    authorization: string | undefined;
    timeoutMs: number;
    onReconnect: (connection: SocketConnection) => void;
    onClose: (connection: SocketConnection) => void;
  },
): Promise<SocketConnection> {
  const { authorization, timeoutMs, onReconnect, onClose } = options;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${socketPath}`, arraySubprotocol, {
      headers: authorization === undefined ? {} : { [header.authorization]: authorization },
      handshakeTimeout: timeoutMs,
      perMessageDeflate: false,
      maxPayload: maxAnswerBytes,
      followRedirects: false,
    });
    socket.on('error', (error) => reject(new NotOpened(error.message)));
    socket.once('unexpected-response', (request, response) => {
      reject(new NotOpened(`the upgrade was answered with HTTP ${response.statusCode}`, response.statusCode));
      request.destroy();
    });
    socket.once('upgrade', ({ socket: link }) => {
      socket.once('open', () => {
        const connection: SocketConnection = new SocketConnection(socket, link, {
          authorization,
          reconnect: () => onReconnect(connection),
          close: () => onClose(connection),
        });
        resolve(connection);
      });
    });
  });
}
