import { channel } from 'node:diagnostics_channel';
import type { ErrorCode } from '../wire/index.ts';

/** What a server decided of a call that it did not begin. */
export type ServerDecision = Readonly<{
  side: 'server';
  /** The service that was called. */
  service: string;
  procedure: string;
}> &
  (
    | Readonly<{
        /** It was refused for want of capacity. */
        decision: 'shed';
        priority: 'critical' | 'normal' | 'sheddable';
        /**
         * `limit`: too many were under way; `queue`: it would have begun too late; `room`: its handler has no room;
         * `subscriptions`: its caller has too many open.
         */
        reason: 'limit' | 'queue' | 'room' | 'subscriptions';
      }>
    /** Its caller did not wait for it any more; or too many came from where it came from. */
    | Readonly<{ decision: 'deadline-passed' | 'rate-limited' }>
  );

/** What a client decided of a call, or of an endpoint of its target, and why. */
export type ClientDecision =
  /** An attempt was made; `OK`, or how it failed. */
  | { decision: 'attempt'; reason: ErrorCode | 'OK'; procedure: string; endpoint: string; durationMs: number }
  /** Those of a call failed; another one is made after a wait, or none is. */
  | { decision: 'retry'; reason: ErrorCode; procedure: string; waitMs: number }
  | {
      decision: 'no-retry';
      reason: 'not-retryable' | 'exhausted' | 'deadline' | 'budget';
      procedure: string;
    }
  /** An endpoint certainly did nothing with an attempt, and it goes to another one at once. */
  | { decision: 'failover'; reason: ErrorCode; procedure: string; endpoint: string }
  /** A second attempt is made before the first has failed; and it was that one which answered first. */
  | { decision: 'hedge' | 'hedge-won'; procedure: string; endpoint: string }
  /** The call was not made. */
  | { decision: 'refused'; reason: 'breaker'; procedure: string }
  /** The time of the whole call was up. */
  | { decision: 'deadline-passed'; procedure: string }
  | { decision: 'breaker'; reason: 'open' | 'half-open' | 'closed'; endpoint: string }
  /** An endpoint is left out because it does so much worse than the others; or is used again. */
  | { decision: 'ejected'; reason: 'latency'; endpoint: string }
  | { decision: 'returned'; endpoint: string }
  /** The endpoints are others than before. */
  | { decision: 'resolved'; endpoints: readonly string[] }
  /** The call failed because nobody answered, and its caller goes on with a value of its own. */
  | { decision: 'fallback'; reason: ErrorCode; procedure: string };

/** What one end of a call decided that nobody sees in its answer alone; `side` and `decision` tell which. */
export type Decision = ServerDecision | Readonly<{ side: 'client'; target: string } & ClientDecision>;

/** Where decisions are published; each message is a `Decision`. Subscribers run at once, within the call: they must be quick. */
export const decisions = channel('arcadium:decisions');

/** Publishes a decision to those who listen; does nothing if nobody does. */
export function tell(event: Decision): void {
  if (decisions.hasSubscribers) decisions.publish(event);
}
