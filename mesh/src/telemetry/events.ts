import { channel } from 'node:diagnostics_channel';

/** Where every decision of the mesh in this process is told, as `Decision`: `subscribe('arcadium:decisions', …)`. */
export const decisions = channel('arcadium:decisions');

/** Something that the mesh decided: on which side, what, and the reason where there is a choice of them. */
export type Decision = Readonly<{ side: 'client' | 'server'; decision: string; reason?: string }> &
  Readonly<Record<string, unknown>>;

/** Tells a decision to those who listen; costs nothing where nobody does. */
export function tell(decision: Decision): void {
  if (decisions.hasSubscribers) decisions.publish(decision);
}
