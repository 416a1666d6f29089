import { MeshError, type Caller } from '@arcadium/mesh/contract';
import { revocableIds } from '@arcadium/mesh/identity';
import type { Transaction } from './transaction.ts';

/** The state of a caller's credentials in the database. */
interface Standing {
  /** Whether its token or key is revoked. */
  serviceRevoked: boolean;
  /** The same, or its session has ended. */
  userRevoked: boolean;
  /** The current role of the user's account; null if the account is disabled or does not exist. */
  role: string | null;
}

/**
 * Checks a caller again in the database, because the state in memory may be two seconds old: token, session
 * and signing key are not revoked, and the account is enabled and has the role in the token. Only reliable
 * while the locks of the caller are held ({@link changeIdentities}).
 *
 * @throws MeshError UNAUTHORIZED
 */
export async function mustStillStand(transaction: Transaction, caller: Caller): Promise<void> {
  const { service, user } = caller;
  if (!service && !user) return;
  const { serviceRevoked, userRevoked, role } = await standingOf(transaction, caller);
  if (serviceRevoked) throw refused('service', 'it was revoked');
  if (!user) return;
  if (userRevoked) throw refused('user', 'it was revoked');
  if (role === null) throw refused('user', 'its account is disabled');
  if (role !== user.role) throw refused('user', 'the role of its account has changed');
}

function refused(kind: 'service' | 'user', why: string): MeshError {
  return new MeshError('UNAUTHORIZED', `The ${kind} token is refused: ${why}`);
}

async function standingOf(transaction: Transaction, { service, user }: Caller): Promise<Standing> {
  const ofService = service ? revocableIds(service) : [];
  const ofUser = user ? revocableIds(user) : [];
  const [standing] = await transaction.$queryRaw<[Standing]>`
    WITH asked (id) AS (SELECT unnest(${[...ofService, ...ofUser]}::text[])),
    revoked (id) AS (
      SELECT jti FROM token_blacklist WHERE jti IN (SELECT id FROM asked)
      UNION ALL SELECT jti FROM service_tokens WHERE revoked_at IS NOT NULL AND jti IN (SELECT id FROM asked)
      UNION ALL SELECT kid FROM signing_keys WHERE removed_at IS NOT NULL AND kid IN (SELECT id FROM asked)
    )
    SELECT
      EXISTS (SELECT FROM revoked WHERE id = ANY (${ofService}::text[])) AS "serviceRevoked",
      EXISTS (SELECT FROM revoked WHERE id = ANY (${ofUser}::text[]))
        OR ${user?.sessionId ?? null}::uuid IS NOT NULL AND NOT EXISTS (
          SELECT FROM sessions WHERE id = ${user?.sessionId ?? null}::uuid AND ended_at IS NULL
        ) AS "userRevoked",
      (SELECT role FROM users WHERE id = ${user?.id ?? null}::uuid AND disabled_at IS NULL) AS role`;
  return standing;
}
