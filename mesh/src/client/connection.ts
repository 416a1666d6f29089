import type { Breaker, RetryBudget, RetryPolicy } from '../resilience/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Transport } from './transport.ts';

/** A client's connection to one service, and all that its calls have in common. */
export interface Connection {
  /** The service that is called. */
  readonly target: string;
  /** Who calls. */
  readonly as: string;
  readonly transport: Transport;
  /** The `authorization` header, read anew for each call so that a rotated token is used at once. */
  readonly authorization: () => string | undefined;
  readonly retryPolicy: RetryPolicy;
  readonly retryBudget: RetryBudget;
  readonly breaker: Breaker;
  /** Longest wait for one attempt unless the contract names another, in milliseconds. */
  readonly timeoutMs: number;
  readonly log: Logger;
  /** Fires, with the MeshError that calls under way get, when the client is closed. */
  readonly closed: AbortSignal;
}
