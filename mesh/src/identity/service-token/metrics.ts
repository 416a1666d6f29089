import { counter, gauge } from '../../telemetry/index.ts';
import type { ServiceToken } from './service-token.ts';
import type { TokenFacts } from './token-facts.ts';

const watched = new Set<ServiceToken>();

gauge(
  {
    name: 'mesh_service_token_remaining_seconds',
    help: 'Remaining validity of the service token in force, in seconds, by service; negative once it has expired',
    labels: ['service'],
  },
  (set) => {
    for (const { facts } of watched) set({ service: facts.service }, secondsLeft(facts));
  },
);

/**
 * @returns Remaining validity of the token of a service of this process, in seconds; `undefined` if none is watched.
 *
 * @example
 * const seconds = remainingTokenLife('shop');
 */
export function remainingTokenLife(service: string): number | undefined {
  for (const { facts } of watched) if (facts.service === service) return secondsLeft(facts);
  return undefined;
}

function secondsLeft({ expiresAt }: TokenFacts): number {
  return Math.round((expiresAt - Date.now()) / 1000);
}

/** Results of an exchange. */
const outcomes = ['renewed', 'adopted', 'failed', 'refused'] as const;

const rotations = counter({
  name: 'mesh_service_token_rotations_total',
  help: 'Exchanges of the service token, by outcome: renewed, adopted (from its file, written by another process), failed (retried), refused (auth returned an unusable token)',
  labels: ['service', 'outcome'],
});

export function countRotation({ facts }: ServiceToken, outcome: (typeof outcomes)[number]): void {
  rotations.inc({ service: facts.service, outcome });
}

/** Measures the remaining life of a token. @returns Ends it. */
export function watchTokenLife(token: ServiceToken): () => void {
  watched.add(token);
  // From 0, so that the first failure counts as an increase.
  for (const outcome of outcomes) rotations.inc({ service: token.facts.service, outcome }, 0);
  return () => watched.delete(token);
}
