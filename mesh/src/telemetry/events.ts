import { channel } from 'node:diagnostics_channel';

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
        /** `limit`: too many were under way; `queue`: it would have begun too late; `event-loop`: somebody blocks it. */
        reason: 'limit' | 'queue' | 'event-loop';
      }>
    /** Its caller did not wait for it any more. */
    | Readonly<{ decision: 'deadline-passed' }>
  );

/** What one end of a call decided that nobody sees in its answer alone; `side` and `decision` tell which. */
export type Decision = ServerDecision;

/** Where decisions are published; each message is a `Decision`. Subscribers run at once, within the call: they must be quick. */
export const decisions = channel('arcadium:decisions');

/** Publishes a decision to those who listen; does nothing if nobody does. */
export function tell(event: Decision): void {
  if (decisions.hasSubscribers) decisions.publish(event);
}
