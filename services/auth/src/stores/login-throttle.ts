import { createHash } from 'node:crypto';
import type { Call } from '@arcadium/mesh/server';
import { networkOf } from '@arcadium/mesh/server';
import { MeshError, type AnyProcedure } from '@arcadium/mesh/contract';
import { Prisma, type PrismaClient } from '@arcadium/prisma/auth';
import { accountRule, addressRule, delaysOf, type ThrottleRule } from '../domain/throttle-schedule.ts';
import { tellOwnerOfLock } from './lock-notice.ts';

/** The parts of a call that the throttle needs. */
export type ThrottledCall = Pick<Call<AnyProcedure>, 'peer' | 'requestId' | 'inBackground'>;

/** An attempt to prove an identity. */
export interface Attempt {
  /** The email address as entered, in lower case; the account need not exist. */
  readonly email: string;
  /**
   * Whether it is a log-in, which is also counted for the network address. Checks of a logged-in user have a
   * separate counter, so that guesses from outside cannot keep the owner from changing the password.
   */
  readonly isLogIn: boolean;
}

/**
 * One check of a password or a code. It counts as a failure until its result is reported. Without a result
 * (no capacity to hash, the caller disconnected, or the password was right and a code is needed) it is
 * removed from the count when it is disposed of.
 */
export interface ReservedAttempt extends AsyncDisposable {
  /** It was wrong and stays counted. Returns without waiting. */
  failed(): void;
  /** It was right: resets the account's counter, and removes this attempt from the address's. */
  succeeded(): Promise<void>;
}

/** Counts failed log-ins by account and by address, for all replicas together. */
export interface LoginThrottle {
  /**
   * Reserves a check before anything is checked, so that concurrent attempts, on any replica, cannot exceed
   * the limit.
   *
   * @throws MeshError TOO_MANY_REQUESTS, with the time to wait, if the account or the address has too many
   * failures; the right password is rejected too.
   */
  begin(attempt: Attempt, call: ThrottledCall): Promise<ReservedAttempt>;
}

/** The counts after a reservation, null if not counted; and whether the owner was already notified. */
type Reserved = { account: number | null; address: number | null; told: boolean | null };

/** Creates the store on a client of the auth schema. */
export function createLoginThrottle(client: PrismaClient): LoginThrottle {
  return {
    async begin({ email, isLogIn }, call) {
      const [logInKey, proofKey] = [keyOf('account', email), keyOf('proof', email)];
      const accountKey = isLogIn ? logInKey : proofKey;
      const address = isLogIn ? call.peer.address : undefined;
      const addressKey = address === undefined ? undefined : `address:${networkOf(address)}`;
      const reserved = await reserve(client, accountKey, addressKey);
      const { account, told } = reserved;
      const takeBackAddress = () => takeBack(client, addressKey, reserved.address);
      if (account === null) throw await refusal(client, accountKey);
      if (addressKey !== undefined && reserved.address === null) {
        await takeBack(client, accountKey, account);
        throw await refusal(client, addressKey);
      }
      let said = false;
      return {
        failed() {
          said = true;
          // Not only after the last free attempt: it may have been removed, or the process that had to notify
          // may have ended.
          if (account < accountRule.freeFailures || told) return;
          call.inBackground(() => tellOwnerOfLock(client, { key: accountKey, email }, call));
        },
        async succeeded() {
          said = true;
          await Promise.all([
            client.loginThrottle.deleteMany({ where: { key: { in: [logInKey, proofKey] } } }),
            takeBackAddress(),
          ]);
        },
        async [Symbol.asyncDispose]() {
          if (said) return;
          await Promise.all([takeBack(client, accountKey, account), takeBackAddress()]);
        },
      };
    },
  };
}

function keyOf(kind: string, email: string): string {
  // Addresses that were stored by hand may have upper case; PostgreSQL's comparison ignores case too.
  return `${kind}:${createHash('sha256').update(email.toLowerCase()).digest('hex')}`;
}

/**
 * Counts an attempt for its account and, if that accepts it, for its address. Each is an upsert, which locks
 * the row, so that a concurrent attempt sees the new count and delay. The account always comes first, so that
 * two attempts cannot deadlock.
 */
async function reserve(
  client: PrismaClient,
  accountKey: string,
  addressKey: string | undefined,
): Promise<Reserved> {
  const [reserved] = await client.$queryRaw<[Reserved]>`
    WITH account AS (${countOne(Prisma.sql`SELECT ${accountKey}::text`, accountRule)}),
         address AS (${countOne(
           Prisma.sql`SELECT ${addressKey ?? null}::text FROM account WHERE ${addressKey ?? null}::text IS NOT NULL`,
           addressRule,
         )})
    SELECT (SELECT failures FROM account) AS account, (SELECT failures FROM address) AS address,
           (SELECT owner_told FROM account) AS told`;
  return reserved;
}

/** Returns no row during a delay. */
function countOne(key: Prisma.Sql, rule: ThrottleRule): Prisma.Sql {
  const delays = delaysOf(rule);
  // clock_timestamp() instead of now(): after a wait for the lock, the time is later than the start of the
  // statement.
  const now = Prisma.sql`clock_timestamp()`;
  const forgotten = Prisma.sql`t.updated_at < ${now} - ${rule.forgetAfterMs}::int * interval '1 millisecond'`;
  const failures = Prisma.sql`CASE WHEN ${forgotten} THEN 1 ELSE t.failures + 1 END`;
  // A delay longer than the longest: it was written while the database's clock was ahead.
  const longest = Prisma.sql`${Math.max(...delays)}::int * interval '1 millisecond'`;
  const until = (count: Prisma.Sql) => Prisma.sql`
    ${now} + NULLIF((${delays}::int[])[least(${count}, ${delays.length}::int)], 0) * interval '1 millisecond'`;
  return Prisma.sql`
    INSERT INTO login_throttles AS t (key, failures, blocked_until, updated_at)
    SELECT found.key, 1, ${until(Prisma.sql`1`)}, ${now} FROM (${key}) AS found (key)
    ON CONFLICT (key) DO UPDATE
    SET failures = ${failures}, blocked_until = ${until(failures)}, updated_at = ${now},
        owner_told = t.owner_told AND NOT (${forgotten})
    WHERE t.blocked_until IS NULL OR t.blocked_until <= ${now}
       OR t.blocked_until > ${now} + ${longest}
    RETURNING failures, owner_told`;
}

/** Also after later attempts: a right or unchecked attempt is not a failure. The delay of the last one stays. */
async function takeBack(client: PrismaClient, key: string | undefined, count: number | null): Promise<void> {
  if (key === undefined || count === null) return;
  const { count: gone } = await client.loginThrottle.deleteMany({ where: { key, failures: { lte: 1 } } });
  if (gone > 0) return;
  await client.$executeRaw`
    UPDATE login_throttles
    SET failures = greatest(failures - 1, 0),
        blocked_until = CASE WHEN failures = ${count}::int THEN NULL ELSE blocked_until END
    WHERE key = ${key}`;
}

/** Shortest wait in an error, in milliseconds; the delay may have ended in the meantime. */
const leastWaitMs = 1000;

async function refusal(client: PrismaClient, key: string): Promise<MeshError> {
  const [row] = await client.$queryRaw<{ ms: number | null }[]>`
    SELECT (extract(epoch FROM blocked_until - clock_timestamp()) * 1000)::float8 AS ms
    FROM login_throttles WHERE key = ${key}`;
  return new MeshError('TOO_MANY_REQUESTS', 'Too many failed attempts; wait before the next one', {
    // An automatic retry of the client would only make the delay longer.
    retry: 'never',
    retryAfterMs: Math.max(leastWaitMs, Math.ceil(row?.ms ?? 0)),
  });
}
