import { counter, gauge } from '../../telemetry/index.ts';

/**
 * How revocations reach this process: `following`, from the stream; `polling`, from a poll each second; `stale`, not
 * at all for 5 s: known revocations stay in force.
 */
export type RevocationState = 'following' | 'polling' | 'stale';

/** State of a follower of revocations, as in `/api/mesh` and the metrics. */
export interface RevocationStatus {
  readonly state: RevocationState;
  /** Number of revocations held. */
  readonly size: number;
  /** Position in the source's order up to which all revocations are held. */
  readonly position: number;
  /** Time since the source confirmed that nothing is missing, in milliseconds; `undefined` before the first time. */
  readonly confirmedMsAgo: number | undefined;
}

const measured = new Set<() => RevocationStatus>();

/** Adds a follower to the metrics. @returns Removes it. */
export function measureRevocations(status: () => RevocationStatus): () => void {
  measured.add(status);
  return () => measured.delete(status);
}

export const revocationEvents = counter({
  name: 'mesh_revocation_events_total',
  help: 'Revocation events that this process has read, including heartbeats, by method: watch, list',
  labels: ['by'],
});

gauge(
  {
    name: 'mesh_revocations',
    help: 'Revoked tokens and sessions that this process holds, by state of the feed: following, polling, stale',
    labels: ['state'],
  },
  (set) => {
    for (const status of measured) set({ state: status().state }, status().size);
  },
);

gauge(
  {
    name: 'mesh_revocations_confirmed_seconds',
    help: 'Time since it was last confirmed that this process holds all revocations, in seconds; absent before the first confirmation',
    labels: [],
  },
  (set) => {
    for (const status of measured) {
      const { confirmedMsAgo } = status();
      if (confirmedMsAgo !== undefined) set({}, confirmedMsAgo / 1000);
    }
  },
);
