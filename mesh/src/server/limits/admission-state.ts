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
