import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The answers of each connection that are not yet whole. */
export interface OpenResponses {
  on(socket: Duplex): readonly ServerResponse[];
  /** Calls a function whenever an answer is out, or lost, with its connection. */
  whenClosed(listener: (socket: Duplex) => void): void;
}

const nothing: readonly ServerResponse[] = [];

/** Watches the answers of a server: once for all who want to know. */
export function watchResponses(server: Server): OpenResponses {
  const open = new WeakMap<Duplex, ServerResponse[]>();
  const listeners: ((socket: Duplex) => void)[] = [];
  server.on('request', ({ socket }, response) => {
    const all = open.get(socket) ?? [];
    if (all.push(response) === 1) open.set(socket, all);
    response.once('close', () => {
      all.splice(all.indexOf(response), 1);
      for (const listener of listeners) listener(socket);
    });
  });
  return {
    on: (socket) => open.get(socket) ?? nothing,
    whenClosed: (listener) => void listeners.push(listener),
  };
}
