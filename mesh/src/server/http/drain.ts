import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { endGently } from './broken-request.ts';
import type { OpenResponses } from './open-responses.ts';

/**
 * How long a connection is silent before it is ended while the server drains, in milliseconds: a request that its client
 * sends at that moment gets no answer, so the more seldom a connection is used, the better. As long as the drain delay,
 * within these bounds.
 */
const quiet = { least: 500, most: 2000 };

/** How many turns of the event loop connections are accepted in before the port closes, where they do not end: Node's backlog. */
const mostTurns = 511;

/**
 * Watches a server's connections, so that it can be stopped without losing a
 * request that was sent. Node's own `close` resets connections without a
 * request, and with them a request that arrives at that moment.
 *
 * @param drainDelayMs How long calls are taken before it drains, in milliseconds.
 * @returns A function that takes no new connection, and resolves when all are
 * closed. From then on each answer says `connection: close`, the last one where
 * a connection has several under way, and ends its connection (RFC 9112 §9.6). A
 * connection on which nothing comes for 0.5 to 2 s ends as well. What is left
 * after `timeoutMs` (in milliseconds) is cut.
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

  server.on('connection', (socket) => {
    accepted += 1;
    connected.add(socket);
    socket.once('close', () => connected.delete(socket));
    if (draining) drainConnection(socket);
  });
  // What is no longer HTTP is drained by those who took it over.
  server.on('upgrade', ({ socket }) => connected.delete(socket));
  server.on('request', ({ socket }) => {
    if (draining) sayClose(responses.on(socket));
  });
  responses.whenClosed((socket) => {
    if (draining) endWhenQuiet(socket as Socket);
  });

  const drainConnection = (socket: Socket): void => {
    // Node destroys the connection after such an answer: with bytes unread, that resets it.
    socket.destroySoon = () => endGently(socket);
    sayClose(responses.on(socket));
    endWhenQuiet(socket);
  };
  /** Ends a connection when nothing has come in on it for a while. */
  const endWhenQuiet = (socket: Socket): void => {
    const { bytesRead } = socket;
    const look = async (): Promise<void> => {
      // What has arrived until now is read first.
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
    // Connections that wait to be accepted are reset when the port closes; one is accepted in a turn.
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
    // Ends the timer that looks for requests that take too long.
    server.close();
  };
}

/** The last of a connection's answers is to say that it closes; one that said so before another came would be all that is sent. */
function sayClose(open: readonly ServerResponse[]): void {
  for (const [index, response] of open.entries())
    if (!response.headersSent) response.shouldKeepAlive = index < open.length - 1;
}
