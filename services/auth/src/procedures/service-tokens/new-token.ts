import type { MeshError } from '@arcadium/mesh/contract';
import { KeyWithdrawnError, type ServiceTokenChange } from '../../stores/service-token-store.ts';
import type { AuthDeps } from '../deps.ts';

/**
 * Checks that a service may have another token.
 *
 * @throws MeshError TOO_MANY_TOKENS
 */
export async function mustHaveRoom(
  change: ServiceTokenChange,
  { errors }: { errors: { TOO_MANY_TOKENS(data: { service: string; most: number }): MeshError } },
  { mostServiceTokens: most, now }: AuthDeps,
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
  { keyRing }: Pick<AuthDeps, 'keyRing'>,
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
