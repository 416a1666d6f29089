import type { authContract } from '@arcadium/contracts/auth';
import type { PathOf } from '@arcadium/mesh/contract';
import type { KeySet } from '@arcadium/mesh/identity';
import type { SigningKey } from '@arcadium/mesh/issuer';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { PasswordPolicy } from '../domain/password-policy.ts';
import type { PasswordHasher } from '../domain/password.ts';
import type { KeyRing } from '../jobs/key-ring.ts';
import type { RevocationAnnouncer } from '../jobs/revocation-announcer.ts';
import type { Sightings } from '../sightings.ts';
import type { Stores } from '../stores/stores.ts';

export interface AuthDeps extends Stores {
  policy: PasswordPolicy;
  hasher: PasswordHasher;
  keys: KeySet;
  /** The key that signs now. */
  signer: () => SigningKey;
  /** An earlier key, if it can still sign. */
  signerOf: (kid: string) => Promise<SigningKey | undefined>;
  keyRing: KeyRing;
  /** Most live tokens of a service, SERVICE_TOKENS_MAX. */
  mostServiceTokens: number;
  sightings: Sightings;
  announcer: RevocationAnnouncer;
  now: () => Date;
  /** The earliest possible time, which decides what is forgotten. @default now */
  earliest?: () => Date;
}

/** The handler of a procedure of auth. */
export type AuthHandler<Path extends PathOf<(typeof authContract)['procedures']>> = HandlerOf<
  typeof authContract,
  Path
>;
