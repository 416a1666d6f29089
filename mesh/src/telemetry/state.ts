import { gauge } from './metrics.ts';

/** What a client knows of one endpoint of a service that it calls. */
export interface EndpointState {
  /** As configured, `http://wiki:5000`. */
  url: string;
  /** The address of it that is meant, where its name has several. */
  ip: string | null;
  breaker: 'closed' | 'open' | 'half-open';
  /** Whether it is left out because it does so much worse than the others. */
  ejected: boolean;
  /** Whether it has asked for new calls to go elsewhere. */
  leaving: boolean;
  in_flight: number;
  /** A moving average that follows a rise at once. */
  latency_ms: number;
}

/** What a client of this process knows of a service that it calls. */
export interface TargetState {
  target: string;
  /** Who calls. */
  as: string;
  in_flight: number;
  /** Retries that would be granted now. */
  retry_budget: number;
  endpoints: EndpointState[];
}

const readers = new Set<() => TargetState>();

/** Adds a target of this process to what `targetStates` tells, until the function that is returned is called. */
export function watchTarget(read: () => TargetState): () => void {
  readers.add(read);
  return () => readers.delete(read);
}

/** All targets of this process, now. */
export function targetStates(): TargetState[] {
  return Array.from(readers, (read) => read());
}

gauge(
  {
    name: 'mesh_client_endpoints',
    help: 'Endpoints known to the clients of this process, by target and state: closed, open, half-open (of the breaker), ejected, leaving',
    labels: ['target', 'state'],
  },
  (set) => {
    const counts = new Map<string, { target: string; state: string; count: number }>();
    for (const { target, endpoints } of targetStates()) {
      for (const { breaker, ejected, leaving } of endpoints) {
        const state = leaving ? 'leaving' : ejected ? 'ejected' : breaker;
        const key = `${target} ${state}`;
        counts.set(key, { target, state, count: (counts.get(key)?.count ?? 0) + 1 });
      }
    }
    for (const { target, state, count } of counts.values()) set({ target, state }, count);
  },
);
