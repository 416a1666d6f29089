import type { Caller } from '../../contract/index.ts';
import { durations, remember, startupLevel, type Logger } from '../../telemetry/index.ts';
import { toMeshError, type ClassifyError } from './failure.ts';

/** A finished query or mutation. */
export interface FinishedCall {
  readonly caller: Caller;
  readonly requestId: string;
  /** Its trace, if that is sampled. */
  readonly traceId: string | undefined;
  /** From arrival, in milliseconds. */
  readonly durationMs: number;
  /** As thrown; `undefined` on success. */
  readonly error: unknown;
}

const seconds = durations({
  name: 'mesh_server_call_seconds',
  help: 'Duration of calls answered by this process, in seconds, by procedure, caller and code',
  labels: ['procedure', 'caller', 'code'],
});

const secondsOf = remember((procedure) =>
  remember((caller) => remember((code) => seconds.labels({ procedure, caller, code }))),
);

/** Calls that take this long or longer are logged, in milliseconds. */
const slowMs = 1000;

/** Measures every call of a procedure and logs slow ones. */
export function createCallObserver(
  path: string,
  { log, classify }: { log: Logger; classify: ClassifyError | undefined },
): (call: FinishedCall) => void {
  const measured = secondsOf(path);
  return ({ caller, requestId, traceId, durationMs, error }) => {
    const code = error === undefined ? 'OK' : toMeshError(error, classify).code;
    measured(callerName(caller))(code).observe(durationMs / 1000, traceId);
    if (durationMs >= slowMs && error === undefined) {
      const fields = { procedure: path, request_id: requestId, duration_ms: Math.round(durationMs) };
      // The first calls of a process load code and open connections.
      log[startupLevel('debug')](fields, 'a call was slow');
    }
  };
}

/** A metric label with few values: the service's name, the user's role, or `anyone`. */
export function callerName({ service, user }: Caller): string {
  return service?.name ?? user?.role ?? 'anyone';
}
