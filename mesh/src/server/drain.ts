import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { OpenResponses } from './open-responses.ts';

/**
 * Watches a server's connections, so that it can be stopped without cutting
 * what runs. Node's own `close` waits for connections on which no request has
 * come yet.
 *
 * @returns A function that takes no new connection, closes those without a
 * request at once and the others as soon as their last answer is out, and
 * resolves when all are closed. What is left after `timeoutMs` (in
 * milliseconds) is cut.
 */
export function watchConnections(
  server: Server,
  responses: OpenResponses,
): (timeoutMs: number) => Promise<void> {
  const connected = new Set<Socket>();
  let draining = false;

  server.on('connection', (socket) => {
    connected.add(socket);
    socket.once('close', () => connected.delete(socket));
  });
  // What is no longer HTTP is drained by those who took it over.
  server.on('upgrade', ({ socket }) => connected.delete(socket));
  responses.whenClosed((socket) => {
    if (draining && responses.on(socket).length === 0) (socket as Socket).destroySoon();
  });

  return async (timeoutMs) => {
    draining = true;
    const closed = once(server, 'close');
    server.close();
    for (const socket of connected) if (responses.on(socket).length === 0) socket.destroy();
    const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
    await closed;
    clearTimeout(cut);
  };
}
