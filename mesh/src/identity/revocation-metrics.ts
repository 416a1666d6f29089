import { counter, gauge } from '../telemetry/index.ts';
import type { RevocationStatus } from './revocation-status.ts';

const readers = new Set<() => RevocationStatus>();

/** Measures a feed of this process, until the function that is returned is called. */
export function measureRevocations(read: () => RevocationStatus): () => void {
  readers.add(read);
  return () => readers.delete(read);
}

/** What a source told of revocations: `watch`, as it happened; `list`, when it was asked. */
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
    for (const read of readers) {
      const { state, size } = read();
      set({ state }, size);
    }
  },
);

gauge(
  {
    name: 'mesh_revocations_confirmed_seconds',
    help: 'Time since it was last confirmed that this process holds all revocations, in seconds; absent before the first confirmation',
    labels: [],
  },
  (set) => {
    for (const read of readers) {
      const { confirmedMsAgo } = read();
      if (confirmedMsAgo !== undefined) set({}, confirmedMsAgo / 1000);
    }
  },
);
