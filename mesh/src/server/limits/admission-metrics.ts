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

function gaugeOfProcedures(of: 'limit' | 'inFlight', name: string, help: string): void {
  gauge({ name, help, labels: ['procedure'] }, (set) => {
    for (const { procedures } of states())
      for (const procedure of procedures) set({ procedure: procedure.path }, procedure[of]);
  });
}

gaugeOfProcedures('limit', 'mesh_server_limit', 'Concurrency limit of a procedure in this process');

gaugeOfProcedures(
  'inFlight',
  'mesh_server_in_flight',
  'Calls of a procedure whose handler is running in this process, even if the caller no longer waits',
);

gauge(
  { name: 'mesh_server_queued', help: 'Calls that wait for a turn of the event loop', labels: [] },
  (set) => states().forEach(({ queued }) => set({}, queued)),
);

gauge(
  {
    name: 'mesh_server_event_loop_delay_seconds',
    help: 'How late the last timer fired, in seconds',
    labels: [],
  },
  (set) => states().forEach(({ eventLoopDelayMs }) => set({}, eventLoopDelayMs / 1000)),
);

/** One for each service in this process. */
function states() {
  return [...running].map((admission) => admission.snapshot());
}
