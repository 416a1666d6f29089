import type { AnyProcedure } from '../contract/index.ts';
import type { Hedge } from '../resilience/index.ts';
import { durations, remember, tally } from '../telemetry/index.ts';

const seconds = durations({
  name: 'mesh_client_call_seconds',
  help: 'Duration of outgoing calls in seconds, including retries and the waits between them, by target, procedure and code',
  labels: ['target', 'procedure', 'code'],
});

const attempts = tally({
  name: 'mesh_client_attempts_total',
  help: 'Attempts of outgoing calls, by target, procedure, transport and code',
  labels: ['target', 'procedure', 'transport', 'code'],
});

/** What a client needs to know of a procedure, from a contract or elsewhere. */
export type CalledProcedure = Pick<AnyProcedure, 'kind' | 'idempotent' | 'timeoutMs'> &
  Readonly<{ output: Output }>;

/** Reads the data of an answer, like a schema of zod. */
type Output = Readonly<{ safeParse(data: unknown): Parsed }>;
type Parsed = Readonly<{ success: true; data: unknown } | { success: false; error: unknown }>;

/** A query or a mutation of a client. */
export type Target = Readonly<{
  path: string;
  /** Target and procedure, such as `wiki.pages.get`. */
  name: string;
  procedure: CalledProcedure;
  meter: Meter;
  /** Whether the client's service may call it only for a user. */
  needsUser: boolean;
  /** Set if the contract asks for hedging. */
  hedge: Hedge | undefined;
}>;

/** Measures the calls of one procedure by code, and counts attempts by the transport of the answer (or `none`) and code. */
type Meter = ReturnType<typeof meterOf>;

export function meterOf(target: string, procedure: string) {
  return {
    seconds: remember((code) => seconds.labels({ target, procedure, code })),
    attempts: remember((transport) =>
      remember((code) => attempts.labels({ target, procedure, transport, code })),
    ),
  };
}
