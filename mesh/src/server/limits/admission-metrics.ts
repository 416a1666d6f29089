import { gauge } from '../../telemetry/index.ts';

/** The load of a service. */
export interface AdmissionState {
  readonly procedures: readonly Readonly<{ path: string; limit: number; inFlight: number }>[];
  /** Calls waiting for a turn of the event loop. */
  readonly queued: number;
  /** How late the last timer fired, in milliseconds. */
  readonly eventLoopDelayMs: number;
  /** Whether calls were refused within the last seconds. */
  readonly shedding: boolean;
}

type Source = Readonly<{ snapshot(): AdmissionState }>;

const running = new Set<Source>();

/** Adds the admission state of a service to the metrics of this process. @returns Removes it. */
export function showAdmission(admission: Source): () => void {
  running.add(admission);
  return () => void running.delete(admission);
}

gauge(
  {
    name: 'mesh_server_limit',
    help: 'Concurrency limit of a procedure in this process',
    labels: ['procedure'],
  },
  (set) => {
    for (const { procedures } of states())
      for (const { path, limit } of procedures) set({ procedure: path }, limit);
  },
);

gauge(
  {
    name: 'mesh_server_in_flight',
    help: 'Calls of a procedure whose handler is running in this process, even if the caller no longer waits',
    labels: ['procedure'],
  },
  (set) => {
    for (const { procedures } of states())
      for (const { path, inFlight } of procedures) set({ procedure: path }, inFlight);
  },
);

gauge(
  { name: 'mesh_server_queued', help: 'Calls that wait for a turn of the event loop', labels: [] },
  (set) => {
    for (const { queued } of states()) set({}, queued);
  },
);

gauge(
  {
    name: 'mesh_server_event_loop_delay_seconds',
    help: 'How late the last timer fired, in seconds',
    labels: [],
  },
  (set) => {
    for (const { eventLoopDelayMs } of states()) set({}, eventLoopDelayMs / 1000);
  },
);

/** One for each service in this process. */
function states() {
  return [...running].map((admission) => admission.snapshot());
}
