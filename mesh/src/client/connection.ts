import type { RetryBudget, RetryPolicy } from '../resilience/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Clock } from './clock.ts';
import type { Decide } from './decisions.ts';
import type { Endpoints } from './endpoints/endpoints.ts';

/** A client's connection to one service: the state that its calls share. */
export interface Connection {
  /** Name of the called service. */
  readonly target: string;
  /** Name of the caller. */
  readonly as: string;
  readonly endpoints: Endpoints;
  readonly clock: Clock;
  /** The `authorization` header; read for each call, so that a rotated token is used at once. */
  readonly authorization: () => string | undefined;
  readonly retryPolicy: RetryPolicy;
  readonly retryBudget: RetryBudget;
  /** Longest wait for one attempt, in milliseconds, unless the procedure has its own. */
  readonly timeoutMs: number;
  /** Longest wait for a call, retries included, in milliseconds. */
  readonly deadlineMs: number;
  readonly decide: Decide;
  readonly log: Logger;
  /** Fires when the client is closed, with the MeshError for calls in progress. */
  readonly closed: AbortSignal;
}
