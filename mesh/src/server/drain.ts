import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

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
export function watchConnections(server: Server): (timeoutMs: number) => Promise<void> {
  const running = new Map<Socket, number>();
  let draining = false;

  server.on('connection', (socket) => {
    running.set(socket, 0);
    socket.once('close', () => running.delete(socket));
  });
  // What is no longer HTTP is drained by those who took it over.
  server.on('upgrade', ({ socket }) => running.delete(socket));
  server.on('request', ({ socket }, response) => {
    running.set(socket, (running.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (running.get(socket) ?? 1) - 1;
      if (running.has(socket)) running.set(socket, left);
      if (draining && left === 0) socket.destroySoon();
    });
  });

  return async (timeoutMs) => {
    draining = true;
    const closed = once(server, 'close');
    server.close();
    for (const [socket, requests] of running) if (requests === 0) socket.destroy();
    const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
    await closed;
    clearTimeout(cut);
  };
}
