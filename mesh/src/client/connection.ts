import type { RetryBudget, RetryPolicy } from '../resilience/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Clock } from './clock.ts';
import type { Decide } from './decisions.ts';
import type { Endpoints } from './endpoints/endpoints.ts';

/** A client's connection to one service, and all that its calls have in common. */
export interface Connection {
  /** The service that is called. */
  readonly target: string;
  /** Who calls. */
  readonly as: string;
  readonly endpoints: Endpoints;
  /** What its policies take for the time: each step of a call reads it once. */
  readonly clock: Clock;
  /** The `authorization` header, read anew for each call so that a rotated token is used at once. */
  readonly authorization: () => string | undefined;
  readonly retryPolicy: RetryPolicy;
  readonly retryBudget: RetryBudget;
  /** Longest wait for one attempt unless the contract names another, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest wait for a call, retries and their waits included, in milliseconds. */
  readonly deadlineMs: number;
  readonly decide: Decide;
  readonly log: Logger;
  /** Fires, with the MeshError that calls under way get, when the client is closed. */
  readonly closed: AbortSignal;
}
