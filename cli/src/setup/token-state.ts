import { verifyToken, type KeySet } from '@arcadium/mesh/identity';
import { MeshError } from '@arcadium/mesh/contract';
import { decodeJwt } from 'jose';
import { z } from 'zod';

/** State of an existing service token. */
export type TokenState =
  | { kind: 'good'; service: string }
  | { kind: 'expired'; serviceId: string }
  | { kind: 'foreign'; reason: string };

const dated = z.object({ exp: z.number(), service_id: z.string() });

/** Distinguishes a valid token from an expired one and one that these keys did not sign. */
export async function tokenState(token: string, keys: KeySet): Promise<TokenState> {
  try {
    const { claims } = await verifyToken('service', token, { keys });
    return { kind: 'good', service: claims.service_name };
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    const claims = dated.safeParse(claimsOf(token));
    // The expiry is checked only after the signature, so this token is authentic.
    return claims.success && error.message.endsWith('it has expired')
      ? { kind: 'expired', serviceId: claims.data.service_id }
      : { kind: 'foreign', reason: error.message };
  }
}

function claimsOf(token: string): unknown {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
