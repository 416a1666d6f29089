import { gauge } from './metrics.ts';

/** A client's state of one endpoint, as in `/api/mesh`. */
export interface EndpointState {
  /** As configured, for example `http://wiki:5000`. */
  url: string;
  /** The address, if the host name has several. */
  ip: string | null;
  breaker: 'closed' | 'open' | 'half-open';
  /** Whether it is ejected as an outlier. */
  ejected: boolean;
  /** Whether it is draining: new calls go elsewhere. */
  leaving: boolean;
  /** Hash of the contract of its process; null if it is not known, as before the first call. */
  contract: string | null;
  in_flight: number;
  /** Moving average of the latency that follows a rise at once. */
  latency_ms: number;
}

/** A client's state of a service that it calls, as in `/api/mesh`. */
export interface TargetState {
  target: string;
  /** `as` of `connect`. */
  as: string;
  /** Hash of the contract that this client was built with; null without one. */
  contract: string | null;
  /** Procedures of which calls are refused, because they do not fit the contract of an endpoint. */
  refused: string[];
  in_flight: number;
  /** Retries that the budget allows now. */
  retry_budget: number;
  endpoints: EndpointState[];
}

const readers = new Set<() => TargetState>();

/** Adds a target to {@link targetStates} and the metrics. @returns Removes it. */
export function watchTarget(read: () => TargetState): () => void {
  readers.add(read);
  return () => readers.delete(read);
}

/** Current state of all targets of this process. */
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
