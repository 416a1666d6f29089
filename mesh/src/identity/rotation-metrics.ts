import { counter, gauge } from '../telemetry/index.ts';
import type { ServiceToken } from './service-token.ts';

const watched = new Set<ServiceToken>();

gauge(
  {
    name: 'mesh_service_token_remaining_seconds',
    help: 'Remaining validity of the service token in force, in seconds, by service; negative once it has expired',
    labels: ['service'],
  },
  (set) => {
    for (const { facts } of watched)
      set({ service: facts.service }, Math.round((facts.expiresAt - Date.now()) / 1000));
  },
);

const rotations = counter({
  name: 'mesh_service_token_rotations_total',
  help: 'Exchanges of the service token, by outcome: renewed, adopted (from its file, written by another process), failed (retried), refused (auth returned an unusable token)',
  labels: ['service', 'outcome'],
});

/** What became of an exchange. */
type Outcome = 'renewed' | 'adopted' | 'failed' | 'refused';

/** Counts an exchange. */
export function countRotation({ facts }: ServiceToken, outcome: Outcome): void {
  rotations.inc({ service: facts.service, outcome });
}

/** Measures the life that is left in a token, until the function that is returned is called. */
export function watchTokenLife(token: ServiceToken): () => void {
  watched.add(token);
  // Failures that have not happened yet are 0, so that a first one can be seen to be an increase.
  for (const outcome of ['renewed', 'adopted', 'failed', 'refused'])
    rotations.inc({ service: token.facts.service, outcome }, 0);
  return () => watched.delete(token);
}
