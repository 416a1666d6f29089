import type { SigningKey } from '@arcadium/mesh/identity';
import type { Sightings } from '../../jobs/sightings.ts';
import type { ServiceTokenStore } from '../../stores/service-token-store.ts';

/** What the procedures of service tokens work with. */
export interface ServiceTokenDeps {
  serviceTokens: ServiceTokenStore;
  sightings: Sightings;
  /** The key that signs at this moment. */
  signer: () => SigningKey;
  /** A key that has signed, where it can do so again. */
  signerOf: (kid: string) => Promise<SigningKey | undefined>;
  now: () => Date;
}
