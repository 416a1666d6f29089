import { createHash } from 'node:crypto';
import type { Call } from '@arcadium/mesh/server';
import { networkOf } from '@arcadium/mesh/server';
import type { AnyProcedure } from '@arcadium/mesh/contract';
import { MeshError } from '@arcadium/mesh/wire';
import { Prisma, type PrismaClient } from '@arcadium/prisma/auth';
import { accountRule, addressRule, delaysOf, type ThrottleRule } from '../domain/throttle-schedule.ts';
import { tellOwnerOfLock } from './lock-notice.ts';

/** What the throttle takes of the call that it is asked in. */
export type ThrottledCall = Pick<Call<AnyProcedure>, 'peer' | 'requestId' | 'inBackground'>;

/** Who tries to prove himself. */
export interface Attempt {
  /** The address of the account, as it was typed, in lower case; whether there is such an account is of no matter. */
  readonly email: string;
  /**
   * Whether it is a log-in, which counts for where it comes from too. What is asked of somebody who is logged in has a
   * count of its own: whoever guesses from outside is not to keep the owner from a new password.
   */
  readonly isLogIn: boolean;
}

/**
 * One evaluation of a password or a code, which counts as a failure until it
 * is said what it was. Where nothing was said (the hasher had no time, the
 * caller has gone, the password was right and a code is still needed) it is
 * taken back when it is disposed of.
 */
export interface ReservedAttempt extends AsyncDisposable {
  /** It was wrong: it stays counted. The answer waits for nothing here. */
  failed(): void;
  /** All of it was right: the account's failures are forgotten, and its own is taken off the address. */
  succeeded(): Promise<void>;
}

/** Wrong log-ins, counted by account and by address; all replicas together. */
export interface LoginThrottle {
  /**
   * Reserves an evaluation, before anything is evaluated: of any number of attempts at once, on any replica, no more
   * come through than are free.
   *
   * @throws MeshError TOO_MANY_REQUESTS, with the time to wait, where account or address has too many failures; the
   * right password would be refused as well.
   */
  begin(attempt: Attempt, call: ThrottledCall): Promise<ReservedAttempt>;
}

/** The count after a reservation; of what was not counted, null. And whether the owner of the account was told already. */
type Reserved = { account: number | null; address: number | null; told: boolean | null };

/** Makes the store on a client of the auth schema. */
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
          // Not of the last free one alone: that may have been taken back, or whoever was to tell of it ended.
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
  // However it is written where somebody stored it by hand: PostgreSQL compares without case, too.
  return `${kind}:${createHash('sha256').update(email.toLowerCase()).digest('hex')}`;
}

/**
 * Counts an attempt for its account and, where that lets it through, for its
 * address: each an upsert, which locks the row, so that whoever comes at the
 * same time sees the count and the delay that this one leaves. Always the
 * account first: two attempts never wait for each other.
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

/** Returns no row while nobody may try again. */
function countOne(key: Prisma.Sql, rule: ThrottleRule): Prisma.Sql {
  const delays = delaysOf(rule);
  // clock_timestamp(), not now(): whoever waited for the row's lock is later than when his statement began.
  const now = Prisma.sql`clock_timestamp()`;
  const forgotten = Prisma.sql`t.updated_at < ${now} - ${rule.forgetAfterMs}::int * interval '1 millisecond'`;
  const failures = Prisma.sql`CASE WHEN ${forgotten} THEN 1 ELSE t.failures + 1 END`;
  // Blocked for longer than any delay: written while the database's clock was ahead.
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

/** Whether or not somebody came after: what was right, or never looked at, is no failure. The delay is the last one's. */
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

/** Least time that is told, in milliseconds: the delay may have ended while this was found out. */
const leastWaitMs = 1000;

async function refusal(client: PrismaClient, key: string): Promise<MeshError> {
  const [row] = await client.$queryRaw<{ ms: number | null }[]>`
    SELECT (extract(epoch FROM blocked_until - clock_timestamp()) * 1000)::float8 AS ms
    FROM login_throttles WHERE key = ${key}`;
  return new MeshError('TOO_MANY_REQUESTS', 'Too many failed attempts; wait before the next one', {
    // Again by itself a client would only lengthen the delay.
    retry: 'never',
    retryAfterMs: Math.max(leastWaitMs, Math.ceil(row?.ms ?? 0)),
  });
}
