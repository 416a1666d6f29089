import { channel } from 'node:diagnostics_channel';
import type { ErrorCode } from '../wire/index.ts';

/** A server's decision not to start a call. */
export type ServerDecision = Readonly<{
  side: 'server';
  /** The service that was called. */
  service: string;
  procedure: string;
}> &
  (
    | Readonly<{
        /** Refused for lack of capacity. */
        decision: 'shed';
        priority: 'critical' | 'normal' | 'sheddable';
        /**
         * `limit`: too many calls in progress; `queue`: it would have started too late; `room`: a scarce resource is
         * busy; `subscriptions`: the caller has too many open.
         */
        reason: 'limit' | 'queue' | 'room' | 'subscriptions';
      }>
    /** The caller no longer waits; or its address made too many calls. */
    | Readonly<{ decision: 'deadline-passed' | 'rate-limited' }>
  );

/** A client's decision about a call, or about an endpoint of its target. */
export type ClientDecision =
  /** An attempt has ended. */
  | { decision: 'attempt'; reason: ErrorCode | 'OK'; procedure: string; endpoint: string; durationMs: number }
  /** An attempt failed; another follows after a wait, or not. */
  | { decision: 'retry'; reason: ErrorCode; procedure: string; waitMs: number }
  | {
      decision: 'no-retry';
      reason: 'not-retryable' | 'exhausted' | 'deadline' | 'budget';
      procedure: string;
    }
  /** An endpoint certainly did not execute an attempt; another endpoint is tried at once. */
  | { decision: 'failover'; reason: ErrorCode; procedure: string; endpoint: string }
  /** A second request is sent while the first is pending; or that second one answered first. */
  | { decision: 'hedge' | 'hedge-won'; procedure: string; endpoint: string }
  /** A mutation failed that may have been executed: its caller gets InDoubtError. */
  | { decision: 'in-doubt'; reason: ErrorCode; procedure: string }
  /** The call was not sent: no breaker let it through, or no endpoint has a contract that it fits. */
  | { decision: 'refused'; reason: 'breaker' | 'contract'; procedure: string }
  /** The deadline of the call has passed. */
  | { decision: 'deadline-passed'; procedure: string }
  | { decision: 'breaker'; reason: 'open' | 'half-open' | 'closed'; endpoint: string }
  /** An endpoint is ejected as an outlier, or returned. */
  | { decision: 'ejected'; reason: 'latency'; endpoint: string }
  | { decision: 'returned'; endpoint: string }
  /** The addresses of the target have changed. */
  | { decision: 'resolved'; endpoints: readonly string[] }
  /** No endpoint answered; the caller's fallback value is used. */
  | { decision: 'fallback'; reason: ErrorCode; procedure: string };

/** A decision of one side of a call that the answer does not show, discriminated by `side` and `decision`. */
export type Decision = ServerDecision | Readonly<{ side: 'client'; target: string } & ClientDecision>;

/** The diagnostics channel of decisions; each message is a `Decision`. Subscribers run synchronously within the call. */
export const decisions = channel('arcadium:decisions');

/** Publishes a decision, if the channel has subscribers. */
export function tell(event: Decision): void {
  if (decisions.hasSubscribers) decisions.publish(event);
}
