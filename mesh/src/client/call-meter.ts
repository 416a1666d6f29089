import { counter, durations, remember } from '../telemetry/index.ts';

const seconds = durations({
  name: 'mesh_client_call_seconds',
  help: 'Duration of outgoing calls in seconds, including retries and the waits between them, by target, procedure and code',
  labels: ['target', 'procedure', 'code'],
});

const attempts = counter({
  name: 'mesh_client_attempts_total',
  help: 'Attempts of outgoing calls, by target, procedure, transport and code',
  labels: ['target', 'procedure', 'transport', 'code'],
});

/** Counts the calls of one procedure of one target. */
export interface CallMeter {
  /** @param durationMs Retries and their waits included, in milliseconds. */
  call(code: string, durationMs: number): void;
  /** @param transport What carried the answer; `none` if there was none. */
  attempt(transport: string, code: string): void;
}

export function createCallMeter(target: string, procedure: string): CallMeter {
  const secondsOf = remember((code) => seconds.labels({ target, procedure, code }));
  const attemptsOf = remember((transport) =>
    remember((code) => attempts.labels({ target, procedure, transport, code })),
  );
  return {
    call: (code, durationMs) => secondsOf(code).observe(durationMs / 1000),
    attempt: (transport, code) => attemptsOf(transport)(code).inc(),
  };
}
