import { nobody } from '@arcadium/mesh/contract';
import { run, Statement } from '@arcadium/postgres/statement';
import { Prisma, type Session } from '@arcadium/prisma/auth';
import { refreshTokenHash, sessionLifetimeMs, successorOf } from '../domain/refresh-token.ts';
import type { Seal } from '../domain/seal.ts';
import { originAs, originOf, ourselves, recordAudit, type AuditRecord, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { takeCode } from './second-factor-code.ts';
import { activeAt, allOf, endSessions, only, type Ending } from './session-end.ts';
import { inTransaction, lockUsers, type Database, type Transaction } from './transaction.ts';
import { hasSecondFactor, lockUser, type AccountRow, type StoredUser } from './user-store.ts';

/** Most active sessions of a user; one more ends the oldest. */
const mostSessions = 100;

/** The request to record. */
type Request = NonNullable<AuditRecord['request']>;

/** A log-in with the right password. */
export interface Beginning {
  /** The user as read when the password was checked. */
  user: Pick<StoredUser, 'id' | 'passwordVersion'>;
  code: string | undefined;
  refreshToken: string;
  at: Date;
  request: Request;
}

/** An active session and its user's current state. */
export interface ActiveSession {
  session: Pick<Session, 'id' | 'expiresAt'>;
  user: AccountRow;
}

/** Result of a log-in. `wrong-password`: it was changed since it was checked. */
export type Begun =
  | ({ outcome: 'begun'; user: StoredUser } & ActiveSession)
  | { outcome: 'refused'; reason: 'account-disabled' | 'wrong-password' | 'code-needed' | 'wrong-code' };

/** Result of the exchange of a refresh token. */
export type Exchanged = ({ outcome: 'exchanged'; successor: string } & ActiveSession) | { outcome: 'ended' };

/** Sessions in the database: families of refresh tokens. */
export interface SessionStore {
  /** Uses up the code of the second factor, if the account has one, and starts a session. */
  begin(beginning: Beginning): Promise<Begun>;
  /**
   * Exchanges a refresh token for its successor. The same token gets the same successor until the successor
   * is used, because the answer may have been lost. After that, a second use means that the token was copied,
   * and the session ends (RFC 9700 §4.14.2).
   */
  exchange(token: string, call: { at: Date; request: Request }): Promise<Exchanged>;
  /** Ends the session of a refresh token of any age. Does nothing if it is unknown. */
  endByToken(token: string, call: { at: Date; request: Request }): Promise<void>;
  /** @returns The number of active sessions. */
  endAll(userId: string, ending: Ending): Promise<number>;
  /** The active sessions, most recently used first. */
  list(userId: string, at: Date): Promise<Session[]>;
  /** How many are active, and when one of them was last used. */
  summary(userId: string, at: Date): Promise<{ active: number; lastUsedAt: Date | null }>;
  /** Records a log-in that failed. */
  recordFailure(userId: string | undefined, reason: string, origin: Origin): Promise<void>;
}

/**
 * Creates the store on a client of the auth schema.
 *
 * @param seal Derives the successors of refresh tokens, and decrypts secrets of second factors.
 */
export function createSessionStore(database: Database, seal: Seal): SessionStore {
  return {
    begin: (beginning) => inTransaction(database, (transaction) => begin(transaction, seal, beginning)),
    async exchange(token, call) {
      const exchanged = await exchangeUnused(database, { seal, token, at: call.at });
      if (exchanged) return exchanged;
      const session = await sessionOf(database, token);
      if (!session) return { outcome: 'ended' };
      return inTransaction(database, (transaction) =>
        exchange(transaction, { ...call, ...session, seal, token }),
      );
    },
    async endByToken(token, { at, request }) {
      const session = await sessionOf(database, token);
      if (!session) return;
      const { sessionId, userId } = session;
      await inTransaction(database, async (transaction) => {
        await lockUsers(transaction, [userId]);
        const origin = originAs(userId, request);
        await endSessions(transaction, only(sessionId), { at, reason: 'logged-out', origin });
      });
    },
    endAll: (userId, ending) =>
      changeIdentities(database, ending.origin, { user: userId }, (transaction) =>
        endSessions(transaction, allOf(userId), ending),
      ),
    list: (userId, at) =>
      database.session.findMany({
        where: { userId, ...activeAt(at) },
        orderBy: [{ lastUsedAt: 'desc' }, { id: 'desc' }],
        take: mostSessions,
      }),
    async summary(userId, at) {
      const { _count, _max } = await database.session.aggregate({
        where: { userId, ...activeAt(at) },
        _count: true,
        _max: { lastUsedAt: true },
      });
      return { active: _count, lastUsedAt: _max.lastUsedAt };
    },
    recordFailure: (userId, reason, origin) =>
      recordAudit(database, {
        ...origin,
        event: 'session.login-failed',
        // The address may be a password entered in the wrong field, so an unknown one is not recorded.
        subject: userId ?? 'unknown',
        detail: { reason },
      }),
  };
}

async function begin(transaction: Transaction, seal: Seal, beginning: Beginning): Promise<Begun> {
  const { code, refreshToken, at, request } = beginning;
  // Since the check without a lock, the account may have been disabled or the password changed.
  const user = await lockUser(transaction, beginning.user.id);
  if (!user || user.passwordVersion !== beginning.user.passwordVersion) {
    return { outcome: 'refused', reason: 'wrong-password' };
  }
  if (user.disabledAt) return { outcome: 'refused', reason: 'account-disabled' };
  if (hasSecondFactor(user)) {
    if (code === undefined) return { outcome: 'refused', reason: 'code-needed' };
    if (!(await takeCode(transaction, seal, { userId: user.id, code, at }))) {
      return { outcome: 'refused', reason: 'wrong-code' };
    }
  }
  const session = await transaction.session.create({
    data: {
      userId: user.id,
      createdAt: at,
      lastUsedAt: at,
      expiresAt: new Date(at.getTime() + sessionLifetimeMs),
      address: request.peer.address ?? null,
      userAgent: request.peer.userAgent ?? null,
      refreshTokens: { create: { hash: refreshTokenHash(refreshToken), createdAt: at } },
    },
  });
  await recordAudit(transaction, {
    ...originAs(user.id, request),
    event: 'session.login',
    subject: user.id,
    detail: { session: session.id, secondFactor: hasSecondFactor(user) },
  });
  await endOldest(transaction, user.id, at);
  return { outcome: 'begun', session, user };
}

/** Ends the sessions beyond the limit of a user; last in its transaction. */
async function endOldest(transaction: Transaction, userId: string, at: Date): Promise<void> {
  const surplus = Prisma.sql`id IN (
    SELECT id FROM sessions
    WHERE ${allOf(userId)} AND ended_at IS NULL AND expires_at > ${at}::timestamptz
    ORDER BY created_at DESC, id DESC OFFSET ${mostSessions}::int
  )`;
  await endSessions(transaction, surplus, { at, reason: 'too-many-sessions', origin: ourselves });
}

/** The session of a token, and its user. Neither changes, so no lock is needed. */
async function sessionOf(database: Database, token: string): Promise<SessionOf | undefined> {
  const found = await database.refreshToken.findUnique({
    where: { hash: refreshTokenHash(token) },
    select: { sessionId: true, session: { select: { userId: true } } },
  });
  return found ? { sessionId: found.sessionId, userId: found.session.userId } : undefined;
}

/**
 * Uses an unused token of an active session whose account is enabled; does nothing with other tokens. Locks
 * are taken in the order of {@link inTransaction}. Conditions are checked again on each written row and on
 * the account, so a concurrent change comes either before this or after it.
 */
const useToken = new Statement({
  name: 'auth.use-refresh-token',
  parameters: ['bytea', 'bytea', 'timestamptz'],
  columns: {
    sessionId: 'uuid',
    expiresAt: 'timestamptz',
    id: 'uuid',
    email: 'citext',
    name: 'text',
    role: 'text',
    roleSince: 'timestamptz?',
    createdAt: 'timestamptz',
    disabledAt: 'timestamptz?',
    confirmedAt: 'timestamptz?',
  },
  text: `
    WITH shown AS (
      SELECT s.id, s.user_id FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
      WHERE t.hash = $1 AND t.used_at IS NULL
    ), account AS (
      SELECT u.* FROM users u WHERE u.id = (SELECT user_id FROM shown) AND u.disabled_at IS NULL FOR UPDATE
    ), session AS (
      UPDATE sessions s SET last_used_at = $3 FROM shown, account
      WHERE s.id = shown.id AND s.ended_at IS NULL AND s.expires_at > $3
      RETURNING s.id, s.expires_at
    ), used AS (
      UPDATE refresh_tokens t SET used_at = $3 FROM session
      WHERE t.hash = $1 AND t.used_at IS NULL
      RETURNING session.id
    ), issued AS (
      INSERT INTO refresh_tokens (hash, session_id, created_at) SELECT $2, id, $3 FROM used
    )
    SELECT session.id AS "sessionId", session.expires_at AS "expiresAt", account.id, account.email, account.name,
      account.role, account.role_since AS "roleSince", account.created_at AS "createdAt",
      account.disabled_at AS "disabledAt", totp.confirmed_at AS "confirmedAt"
    FROM used JOIN session USING (id), account LEFT JOIN totp_secrets totp ON totp.user_id = account.id`,
});

/** The usual exchange, in one statement; `undefined` if it is not the usual case. */
async function exchangeUnused(
  database: Database,
  { seal, token, at }: Pick<Exchange, 'seal' | 'token' | 'at'>,
): Promise<Exchanged | undefined> {
  const successor = successorOf(seal, token);
  const hashes = [refreshTokenHash(token), refreshTokenHash(successor)] as const;
  const [row] = await run(database, useToken, [...hashes, at]);
  if (!row) return undefined;
  const { sessionId, expiresAt, confirmedAt, ...user } = row;
  const session = { id: sessionId, expiresAt };
  return { outcome: 'exchanged', successor, session, user: { ...user, totpSecret: { confirmedAt } } };
}

interface SessionOf {
  sessionId: string;
  userId: string;
}

interface Exchange extends SessionOf {
  seal: Seal;
  token: string;
  at: Date;
  request: Request;
}

async function exchange(transaction: Transaction, given: Exchange): Promise<Exchanged> {
  const { sessionId, userId, at, request } = given;
  // One exchange of a user's tokens at a time, so that this reads what the one before has written. The
  // session may have to end, which requires the lock of its user.
  const user = await lockUser(transaction, userId);
  const session = await transaction.session.findFirst({ where: { id: sessionId, ...activeAt(at) } });
  if (!session || !user) return { outcome: 'ended' };
  const end = (ending: Pick<Ending, 'reason' | 'origin'>) =>
    endSessions(transaction, only(sessionId), { ...ending, at });
  if (user.disabledAt) {
    await end({ reason: 'account-disabled', origin: ourselves });
    return { outcome: 'ended' };
  }
  const successor = await take(transaction, given);
  if (successor !== undefined) return { outcome: 'exchanged', successor, session, user };
  const { peer, requestId } = request;
  const origin = originOf({ caller: nobody, peer, requestId });
  await recordAudit(transaction, {
    ...origin,
    event: 'session.reused',
    subject: user.id,
    detail: { session: sessionId },
  });
  await end({ reason: 'refresh-token-reused', origin });
  return { outcome: 'ended' };
}

/** Uses a token. @returns Its successor; `undefined` if it was used and cannot be used again. */
async function take(
  transaction: Transaction,
  { seal, token, sessionId, at }: Exchange,
): Promise<string | undefined> {
  const hash = refreshTokenHash(token);
  const successor = successorOf(seal, token);
  const next = refreshTokenHash(successor);
  const { usedAt } = await transaction.refreshToken.findUniqueOrThrow({ where: { hash } });
  if (usedAt) {
    const repeated = await transaction.refreshToken.findUnique({ where: { hash: next } });
    return repeated?.usedAt === null ? successor : undefined;
  }
  await transaction.refreshToken.update({ where: { hash }, data: { usedAt: at }, select: { hash: true } });
  await transaction.refreshToken.create({
    data: { hash: next, sessionId, createdAt: at },
    select: { hash: true },
  });
  await transaction.session.update({
    where: { id: sessionId },
    data: { lastUsedAt: at },
    select: { id: true },
  });
  return successor;
}
