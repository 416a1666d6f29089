import type { SigningKey } from '@arcadium/mesh/identity';
import type { Sightings } from '../../jobs/sightings.ts';
import type { KeyRing } from '../../jobs/key-ring.ts';
import type { MeshError } from '@arcadium/mesh/wire';
import {
  KeyWithdrawnError,
  type ServiceTokenChange,
  type ServiceTokenStore,
} from '../../stores/service-token-store.ts';

/** What the procedures of service tokens work with. */
export interface ServiceTokenDeps {
  serviceTokens: ServiceTokenStore;
  sightings: Sightings;
  /** The key that signs at this moment. */
  signer: () => SigningKey;
  /** A key that has signed, where it can do so again. */
  signerOf: (kid: string) => Promise<SigningKey | undefined>;
  keyRing: Pick<KeyRing, 'reload'>;
  /** How many live tokens a service may have, SERVICE_TOKENS_MAX. */
  mostServiceTokens: number;
  now: () => Date;
}

/**
 * Checks that a service may have one more token.
 *
 * @throws MeshError TOO_MANY_TOKENS
 */
export async function mustHaveRoom(
  change: ServiceTokenChange,
  { errors }: { errors: { TOO_MANY_TOKENS(data: { service: string; most: number }): MeshError } },
  { mostServiceTokens: most, now }: ServiceTokenDeps,
): Promise<void> {
  if ((await change.countLive(now(), most)) < most) return;
  throw errors.TOO_MANY_TOKENS({ service: change.service.name, most });
}

/**
 * Makes a token, with another key where the one that was to sign has just been withdrawn: a
 * service would put a token in force that is void from the beginning, in the place of a good one.
 *
 * @throws KeyWithdrawnError where the other one was as well.
 */
export async function withGoodKey<Made>(
  { keyRing }: Pick<ServiceTokenDeps, 'keyRing'>,
  make: () => Promise<Made>,
): Promise<Made> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof KeyWithdrawnError)) throw error;
    await keyRing.reload();
    return make();
  }
}
