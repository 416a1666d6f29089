// Recognises errors from pg and its pool, the driver adapter and Prisma's client, which wrap one another in
// several ways.

import { describeError } from '@arcadium/mesh/telemetry';

import { explainTls } from './tls-errors.ts';

/** System errors of a socket when the server cannot be reached. */
const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/**
 * SQLSTATEs with which the server ends or refuses a session, in addition to class 08. 57P01 to 57P05:
 * shutdown, crash, starting up, database dropped, idle session ended; 53300: too many connections; 25P03:
 * idle in transaction ended.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const sessionCodes = new Set(['57P01', '57P02', '57P03', '57P04', '57P05', '53300', '25P03', '25P04']);

/**
 * Prisma's codes: cannot reach, connect timed out, operation timed out, closed, pool timed out, too many
 * connections.
 *
 * @see https://www.prisma.io/docs/orm/reference/error-reference
 */
const prismaCodes = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);

/** Kinds of `DriverAdapterError` of `@prisma/adapter-pg`. */
const adapterKinds = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TlsConnectionError',
]);

/** Errors of pg and pg-pool without a code. */
const messages = [
  /^Connection terminated/,
  /^timeout exceeded when trying to connect$/,
  /^timeout expired$/,
  /^Query read timeout$/,
  /^Client has encountered a connection error and is not queryable$/,
  /^Client was closed and is not queryable$/,
  /^Cannot use a pool after calling end on the pool$/,
  // P2028 has many causes; only this one means that no connection was available.
  /Unable to start a transaction in the given time/,
];

interface Link {
  code?: unknown;
  originalCode?: unknown;
  originalMessage?: unknown;
  kind?: unknown;
  message?: unknown;
  cause?: unknown;
  meta?: { driverAdapterError?: unknown };
  errors?: unknown;
}

/**
 * Whether a database call failed because the database could not be reached or went away, instead of because
 * of the query: SERVICE_UNAVAILABLE for callers. It is then unknown whether a write was applied.
 *
 * Only for errors of database calls: a refused connection to anything else looks the same.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  return links(error).some((link) => {
    const codes = [link.code, link.originalCode].filter((code) => typeof code === 'string');
    return (
      codes.some((code) => socketCodes.has(code) || isSessionCode(code) || prismaCodes.has(code)) ||
      (typeof link.kind === 'string' && adapterKinds.has(link.kind)) ||
      explainTls(link) !== undefined ||
      (typeof link.message === 'string' && messages.some((pattern) => pattern.test(String(link.message))))
    );
  });
}

function isSessionCode(code: string): boolean {
  return sessionCodes.has(code) || /^08[0-9A-Z]{3}$/.test(code);
}

/**
 * Whether a write violated a unique constraint.
 *
 * @param constraint Only this constraint or index, by its name in the database, such as `users_email_key`.
 */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const chain = links(error);
  const violated = chain.some(
    (link) =>
      link.code === '23505' ||
      link.code === 'P2002' ||
      link.originalCode === '23505' ||
      link.kind === 'UniqueConstraintViolation',
  );
  if (!violated || constraint === undefined) return violated;
  return chain.some((link) => constraintName(link) === constraint);
}

function constraintName(link: Link): string | undefined {
  const { constraint } = link as { constraint?: string | { index?: string } };
  return typeof constraint === 'object' ? constraint.index : constraint;
}

/** Whether a database call failed with one of these codes, PostgreSQL's SQLSTATE or Prisma's. */
export function hasCode(error: unknown, codes: ReadonlySet<string>): boolean {
  return links(error).some((link) =>
    [link.code, link.originalCode].some((code) => typeof code === 'string' && codes.has(code)),
  );
}

/** Serialization failure, deadlock, Prisma's code for both, and lock timeout. */
export const crossedCodes: ReadonlySet<string> = new Set(['40001', '40P01', 'P2034', '55P03']);

/** A statement that timed out or was cancelled. */
export const cancelledCodes: ReadonlySet<string> = new Set(['57014']);

/** Whether a database call failed because other transactions blocked it too long. */
export function isInTheWay(error: unknown): boolean {
  return hasCode(error, crossedCodes) || hasCode(error, cancelledCodes);
}

/** The database takes no writes: it is read-only, or out of disk space, memory or connections. */
const noWriteCodes: ReadonlySet<string> = new Set(['25006', '53000', '53100', '53200', '53300', '53400']);

/** Whether a write failed for a reason that affects all writes: the database is down, or takes no writes. */
export function isForAllWrites(error: unknown): boolean {
  return isDatabaseUnavailable(error) || hasCode(error, noWriteCodes);
}

/** `idle_in_transaction_session_timeout` and `transaction_timeout` have ended a session. */
const expiredCodes: ReadonlySet<string> = new Set(['25P03', '25P04']);

/** The server refused the role or its password. */
const refusedCodes: ReadonlySet<string> = new Set(['28P01', '28000']);

/** Whether a connection failed because of its role or password. */
export function isCredentialRefused(error: unknown): boolean {
  return hasCode(error, refusedCodes);
}

/** Whether Prisma or PostgreSQL ended a transaction because of its time limit; it is then rolled back. */
export function isTransactionExpired(error: unknown): boolean {
  return (
    hasCode(error, expiredCodes) ||
    links(error).some(
      ({ code, message }) =>
        code === 'P2028' && typeof message === 'string' && message.includes('expired transaction'),
    )
  );
}

/** Errors of undici's connections. */
const fetchCodes: ReadonlySet<string> = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_SOCKET']);

/** Whether a call over the network failed because the other side could not be reached. */
export function isUnreachable(error: unknown): boolean {
  return hasCode(error, socketCodes) || hasCode(error, fetchCodes);
}

/** The error of a database call in one line: PostgreSQL's own message if there is one, which Prisma puts last. */
export function describeDatabaseError(error: unknown): string {
  const chain = links(error);
  const tls = chain.map(explainTls).find((reason) => reason !== undefined);
  const said = chain.find(({ originalMessage }) => typeof originalMessage === 'string');
  return describeError(tls ?? said?.originalMessage ?? error);
}

/** The error and everything it wraps, outermost first. */
function links(error: unknown): Link[] {
  const seen = new Set<unknown>();
  const queue: unknown[] = [error];
  const found: Link[] = [];
  for (const next of queue) {
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    const link = next as Link;
    found.push(link);
    queue.push(link.cause, link.meta?.driverAdapterError, ...(Array.isArray(link.errors) ? link.errors : []));
  }
  return found;
}
