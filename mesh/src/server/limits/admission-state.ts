/** How much a service has to do. */
export interface AdmissionState {
  readonly procedures: readonly Readonly<{ path: string; limit: number; inFlight: number }>[];
  /** Calls that wait for a turn of the event loop. */
  readonly queued: number;
  /** By how much the event loop was last held up, in milliseconds. */
  readonly eventLoopDelayMs: number;
  /** Whether calls were refused within the last seconds. */
  readonly shedding: boolean;
}
