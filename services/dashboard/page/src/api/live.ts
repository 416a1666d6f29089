import type { MeshMap, ServiceOverview } from '@arcadium/contracts/dashboard';
import { useSyncExternalStore } from 'react';
import { api, session } from './client.ts';

/** What a subscription said last. */
export interface Live<Data> {
  readonly data: Data | undefined;
  /** Why there is no data; undefined while there is. */
  readonly error: unknown;
}

interface Source<Data> {
  first: () => Promise<Data>;
  subscribe: (callbacks: {
    onData: (event: { data: Data }) => void;
    onError: (error: unknown) => void;
    onComplete: () => void;
  }) => { unsubscribe: () => void };
}

/** How long a subscription outlives its last view, so that the next view has data at once, in milliseconds. */
const lingerMs = 3000;
/** Wait before a subscription that the server ended starts again, in milliseconds. */
const restartMs = 2000;

/** One subscription for all views that need it, started by the first one. */
class LiveSource<Data> {
  readonly #source: Source<Data>;
  readonly #listeners = new Set<() => void>();
  #value: Live<Data> = { data: undefined, error: undefined };
  #subscription: { unsubscribe: () => void } | undefined;
  #lingers: ReturnType<typeof setTimeout> | undefined;
  #restarts: ReturnType<typeof setTimeout> | undefined;

  constructor(source: Source<Data>) {
    this.#source = source;
    session.subscribe(() => {
      this.#stop();
      this.#set({ data: undefined, error: undefined });
      if (this.#listeners.size > 0) this.#start();
    });
  }

  get = (): Live<Data> => this.#value;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    clearTimeout(this.#lingers);
    if (!this.#subscription) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#lingers = setTimeout(() => this.#stop(), lingerMs);
    };
  };

  #start(): void {
    const isCurrent = (): boolean => subscription === this.#subscription;
    const again = (): void => {
      if (!isCurrent()) return;
      clearTimeout(this.#restarts);
      this.#restarts = setTimeout(() => this.#restart(), restartMs);
    };
    const subscription = this.#source.subscribe({
      onData: ({ data }) => this.#set({ data, error: undefined }),
      onError: (error) => {
        this.#set({ data: this.#value.data, error });
        again();
      },
      onComplete: again,
    });
    this.#subscription = subscription;
    // Over HTTP too: the first view need not wait for the WebSocket, which a proxy may refuse.
    void this.#source.first().then(
      (data) => isCurrent() && this.#value.data === undefined && this.#set({ data, error: undefined }),
      (error: unknown) =>
        isCurrent() && this.#value.data === undefined && this.#set({ data: undefined, error }),
    );
  }

  #restart(): void {
    this.#stop();
    if (this.#listeners.size > 0) this.#start();
  }

  #stop(): void {
    clearTimeout(this.#lingers);
    clearTimeout(this.#restarts);
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  #set(value: Live<Data>): void {
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }
}

/** All services, after each round of checks. */
export interface Status {
  at: string;
  services: ServiceOverview[];
}

const status = new LiveSource<Status>({
  first: () => api.status.list.query(),
  subscribe: (callbacks) => api.status.watch.subscribe(undefined, callbacks),
});
const map = new LiveSource<MeshMap>({
  first: () => api.map.get.query({}),
  subscribe: (callbacks) => api.map.watch.subscribe(undefined, callbacks),
});

export function useStatus(): Live<Status> {
  return useSyncExternalStore(status.subscribe, status.get);
}

export function useLiveMap(): Live<MeshMap> {
  return useSyncExternalStore(map.subscribe, map.get);
}
