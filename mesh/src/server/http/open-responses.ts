import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The unfinished responses of each connection. */
export interface OpenResponses {
  on(socket: Duplex): readonly ServerResponse[];
  /** Calls the listener when a response is sent or lost, with its connection. */
  whenClosed(listener: (socket: Duplex) => void): void;
}

const nothing: readonly ServerResponse[] = [];

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
