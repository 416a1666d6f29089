import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { endGently } from './broken-request.ts';
import type { OpenResponses } from './open-responses.ts';
import { connectionEvent } from './secure-server.ts';

/** Time in which what was sent to a draining server arrives, in milliseconds. */
export const onTheWayMs = 500;

/**
 * Bounds of the silence after which a draining server ends a connection, in milliseconds; within them it is the drain
 * delay. A request sent at that moment is lost, so a longer silence is safer.
 */
const quiet = { least: onTheWayMs, most: 2000 };

/** Most turns of the event loop in which waiting connections are accepted before the port closes: Node's backlog. */
const mostTurns = 511;

/**
 * Watches a server's connections, so that it can stop without losing requests: Node's own `close` resets idle
 * connections, and a request that arrives at that moment is lost.
 *
 * @param drainDelayMs Time between `stop` and the drain, in milliseconds.
 * @returns Drains: closes the port, and resolves when all connections are closed. The last answer on each connection has
 * `connection: close` (RFC 9112 §9.6). A connection that is silent for 0.5 to 2 s is closed, and after `timeoutMs`
 * milliseconds all are.
 */
export function watchConnections(
  server: Server,
  responses: OpenResponses,
  drainDelayMs: number,
): (timeoutMs: number) => Promise<void> {
  const quietMs = Math.min(Math.max(drainDelayMs, quiet.least), quiet.most);
  const connected = new Set<Socket>();
  let draining = false;
  let accepted = 0;

  server.on(connectionEvent(server), (socket: Socket) => {
    accepted += 1;
    connected.add(socket);
    socket.once('close', () => connected.delete(socket));
    if (draining) drainConnection(socket);
  });
  // Its new protocol drains it.
  server.on('upgrade', ({ socket }) => connected.delete(socket));
  server.on('request', ({ socket }) => {
    if (draining) sayClose(responses.on(socket));
  });
  responses.whenClosed((socket) => {
    if (draining) endWhenQuiet(socket as Socket);
  });

  const drainConnection = (socket: Socket): void => {
    // Node destroys the connection after such an answer, which resets it if there are unread bytes.
    socket.destroySoon = () => endGently(socket);
    sayClose(responses.on(socket));
    endWhenQuiet(socket);
  };
  const endWhenQuiet = (socket: Socket): void => {
    const { bytesRead } = socket;
    const look = async (): Promise<void> => {
      // Bytes that have arrived are read first.
      await nextTurn();
      if (!socket.writable || responses.on(socket).length > 0) return;
      if (socket.bytesRead === bytesRead) endGently(socket);
      else endWhenQuiet(socket);
    };
    setTimeout(() => void look(), quietMs);
  };

  return async (timeoutMs) => {
    draining = true;
    for (const socket of connected) drainConnection(socket);
    // Closing the port resets connections not accepted yet; each turn accepts one.
    await nextTurn();
    for (let before = -1, turns = 0; accepted !== before && turns < mostTurns; turns += 1) {
      before = accepted;
      await nextTurn();
    }
    const closed = once(server, 'close');
    NetServer.prototype.close.call(server);
    const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
    await closed;
    clearTimeout(cut);
    // Ends Node's timer for slow requests.
    server.close();
  };
}

/** Only the last answer of a connection may say `connection: close`: no answer is sent after it. */
function sayClose(open: readonly ServerResponse[]): void {
  for (const [index, response] of open.entries())
    if (!response.headersSent) response.shouldKeepAlive = index < open.length - 1;
}
