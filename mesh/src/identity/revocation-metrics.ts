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
  help: 'Events of the list of revocations that this process has read, heartbeats included, by how: watch, list',
  labels: ['by'],
});

gauge(
  {
    name: 'mesh_revocations',
    help: 'Revoked tokens and sessions that this process holds, by how it learns of more: following, polling, stale',
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
    help: 'How long ago it was confirmed that this process holds all revocations, in seconds; not there before the first time',
    labels: [],
  },
  (set) => {
    for (const read of readers) {
      const { confirmedMsAgo } = read();
      if (confirmedMsAgo !== undefined) set({}, confirmedMsAgo / 1000);
    }
  },
);
