export type ConnectionState = 'connecting' | 'open' | 'closed';

/** State of the WebSocket, for `useSyncExternalStore`. */
export class Connection {
  readonly #listeners = new Set<() => void>();
  #state: ConnectionState = 'connecting';

  get = (): ConnectionState => this.#state;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
