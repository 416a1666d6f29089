import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The unfinished responses of each connection of a server. */
export class OpenResponses {
  readonly #open = new WeakMap<Duplex, ServerResponse[]>();
  readonly #listeners: ((socket: Duplex) => void)[] = [];

  constructor(server: Server) {
    server.on('request', ({ socket }, response) => {
      const all = this.#open.get(socket) ?? [];
      if (all.push(response) === 1) this.#open.set(socket, all);
      response.once('close', () => {
        all.splice(all.indexOf(response), 1);
        for (const listener of this.#listeners) listener(socket);
      });
    });
  }

  on(socket: Duplex): readonly ServerResponse[] {
    return this.#open.get(socket) ?? [];
  }

  /** Calls the listener when a response is sent or lost, with its connection. */
  whenClosed(listener: (socket: Duplex) => void): void {
    this.#listeners.push(listener);
  }
}
