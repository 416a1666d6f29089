import type { SigningKey } from '@arcadium/mesh/identity';
import type { Sightings } from '../../sightings.ts';
import type { KeyRing } from '../../jobs/key-ring.ts';
import type { MeshError } from '@arcadium/mesh/wire';
import {
  KeyWithdrawnError,
  type ServiceTokenChange,
  type ServiceTokenStore,
} from '../../stores/service-token-store.ts';

export interface ServiceTokenDeps {
  serviceTokens: ServiceTokenStore;
  sightings: Sightings;
  /** The key that signs now. */
  signer: () => SigningKey;
  /** An earlier key, if it can still sign. */
  signerOf: (kid: string) => Promise<SigningKey | undefined>;
  keyRing: Pick<KeyRing, 'reload'>;
  /** Most live tokens of a service, SERVICE_TOKENS_MAX. */
  mostServiceTokens: number;
  now: () => Date;
}

/**
 * Checks that a service may have another token.
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
 * Creates a token, with another key if the chosen one has just been withdrawn. Otherwise a service would
 * replace its valid token with one that is invalid from the start.
 *
 * @throws KeyWithdrawnError if the other one was withdrawn too.
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
