import type { IdempotencyClaim } from '@arcadium/mesh/server';
import { keyReused, MeshError } from '@arcadium/mesh/contract';

import { lockKey } from '../advisory-lock.ts';
import { cancelledCodes, crossedCodes, hasCode, isTransactionExpired } from '../database/database-errors.ts';
import {
  longestTransactionMs,
  tableName,
  withRemedy,
  type SqlDatabase,
  type SqlExecutor,
} from '../sql/sql-database.ts';
import { longestWaitMs, notNow } from './not-now.ts';
import { inTurn } from './turns.ts';

/** The call that the work belongs to, as a handler gets it. */
export interface KeyedCall {
  readonly claim: IdempotencyClaim | undefined;
  /** Fires when the caller no longer waits. @default never */
  readonly signal?: AbortSignal | undefined;
}

/** A value after a round trip through JSON, as it is stored. */
export type FromJson<Value> = unknown extends Value
  ? Value
  : Value extends string | number | boolean | null | undefined
    ? Value
    : Value extends { toJSON(): infer Text }
      ? FromJson<Text>
      : Value extends bigint | symbol | ((...input: never) => unknown)
        ? never
        : { [Key in keyof Value]: FromJson<Value[Key]> };

/** How much later PostgreSQL ends the session of a transaction that its client has not ended, in milliseconds. */
const transactionGraceMs = 1000;

const tookTooLong = `The work did not finish within ${longestTransactionMs / 1000} s and was rolled back`;

/** The longest stored answer, in characters of JSON; the longest page is a third of that. */
const longestAnswer = 4 * 1024 * 1024;

/**
 * Does the work of a call in one transaction, once for its idempotency key. The key is claimed first, then
 * the work is done, and the answer is stored with the key when both commit. A repeated call gets the stored
 * answer; while the first is in progress, it waits for that, in this process without a connection. Work that
 * throws leaves nothing, and its key is free again. A call without a key only gets the transaction.
 *
 * Everything that may refuse the call belongs into the work; otherwise a repeated call is refused because of
 * what the first one changed.
 *
 * @param call The call as its handler gets it, or its `claim` and `signal`.
 * @param work Writes only through its transaction; its answer must be JSON.
 * @returns The answer after a round trip through JSON, also the first time.
 * @throws MeshError CONFLICT `IDEMPOTENCY_KEY_REUSED` for a key whose first call had another input;
 * SERVICE_UNAVAILABLE, safe to retry, if the first is still in progress after 3 s, or the work was blocked or
 * took longer than 16 s; the reason of the call's signal if its caller has gone before the work began;
 * otherwise what the work throws.
 *
 * @example
 * const handlers = {
 *   create: (call) =>
 *     once(database, call, async (client) => {
 *       const { rows } = await client.query('INSERT INTO orders (item) VALUES ($1) RETURNING id', [call.input.item]);
 *       return { id: rows[0].id };
 *     }),
 * };
 */
export async function once<Transaction, Answer>(
  database: SqlDatabase<Transaction>,
  { claim, signal }: KeyedCall,
  work: (transaction: Transaction) => Promise<Answer>,
): Promise<FromJson<Answer>> {
  claim?.take();
  const transact = (waitMs: number) =>
    transactOnce(database, { claim, signal, waitMs }, async (transaction) => textOf(await work(transaction)));
  const text = claim ? await inTurn(database, { claim, signal }, transact) : await transact(0);
  return parsed<Answer>(text);
}

/**
 * Does the same within a transaction that you have opened, and that you commit or roll back. If this throws, roll
 * it back. Unlike {@link once}, it waits for another call with the same key while it holds your connection.
 *
 * @param executor The transaction: `database.within(transaction)`.
 * @throws As {@link once} does, and the errors of the database as they are.
 *
 * @example
 * await db.transaction(async (transaction) => {
 *   await onceWithin(database.within(transaction), call, () => createOrder(transaction, call.input));
 * });
 */
export async function onceWithin<Answer>(
  executor: SqlExecutor,
  { claim, signal }: KeyedCall,
  work: () => Promise<Answer>,
): Promise<FromJson<Answer>> {
  claim?.take();
  const call = { claim, signal, waitMs: longestWaitMs };
  return parsed<Answer>(await claimed(executor, call, async () => textOf(await work())));
}

function parsed<Answer>(text: string | null): FromJson<Answer> {
  return (text === null ? undefined : JSON.parse(text)) as FromJson<Answer>;
}

/** A call, and its longest wait for another with the same key, in milliseconds. */
type PatientCall = KeyedCall & { readonly waitMs: number };

/** Claims the key and does the work in one transaction. @returns The answer, as JSON. */
async function transactOnce<Transaction>(
  database: SqlDatabase<Transaction>,
  call: PatientCall,
  work: (transaction: Transaction) => Promise<string | null>,
): Promise<string | null> {
  try {
    return await database.transaction((transaction) =>
      claimed(database.within(transaction), call, () => work(transaction)),
    );
  } catch (error) {
    if (error instanceof MeshError) throw error;
    if (isTransactionExpired(error)) throw notNow(error, tookTooLong);
    throw hasCode(error, crossedCodes) ? notNow(error) : error;
  }
}

async function claimed(
  executor: SqlExecutor,
  { claim, signal, waitMs }: PatientCall,
  work: () => Promise<string | null>,
): Promise<string | null> {
  const first = claim && (await claimKey(executor, claim, waitMs));
  if (first) return first.answer;
  // After the wait: nothing is written if the caller no longer waits.
  signal?.throwIfAborted();
  const answer = await work();
  if (claim) await keepAnswer(executor, claim, answer);
  return answer;
}

type FirstCall = { fingerprint: string; answer: string | null };

/** Claims a key for this transaction. If another call had it, returns that call, once it has committed. */
async function claimKey(
  executor: SqlExecutor,
  claim: IdempotencyClaim,
  waitMs: number,
): Promise<FirstCall | undefined> {
  if (await insertKey(executor, claim, waitMs)) return undefined;
  const { caller, procedure, key, fingerprint } = claim;
  const [first] = await executor.query<FirstCall>(
    `SELECT fingerprint, answer::text AS answer FROM ${keysOf(executor)}
    WHERE caller = $1::text AND procedure = $2::text AND key = $3::text`,
    [caller, procedure, key],
  );
  // The key was a day old, and has just been deleted.
  if (!first) throw notNow();
  if (first.fingerprint !== fingerprint) throw keyReused();
  return first;
}

/**
 * Whether the key is new. If another transaction has it, PostgreSQL waits for its end.
 *
 * The unique index decides. But a waiter there whose predecessor rolls back starts a new wait for the next,
 * and the limit applies to each wait. So callers queue before it, where all of these are one wait.
 */
async function insertKey(executor: SqlExecutor, claim: IdempotencyClaim, waitMs: number): Promise<boolean> {
  const { caller, procedure, key, fingerprint } = claim;
  // Two schemas of one database have their own keys.
  const queue = lockKey(JSON.stringify([executor.schema, caller, procedure, key]));
  // 0 would mean no limit.
  const limit = String(Math.max(1, Math.ceil(waitMs)));
  try {
    // The limits apply to this transaction, and are set in the same round trip. The limit of the wait is
    // followed by that of the work. The last two free the key if its process freezes or its machine is lost, and
    // (PostgreSQL 17 and later) if the work takes too long in a client that has no limit of its own.
    const inserted = await executor.execute(
      `INSERT INTO ${keysOf(executor)} (caller, procedure, key, fingerprint)
      SELECT $1::text, $2::text, $3::text, $4::text
      WHERE CASE WHEN set_config('lock_timeout', $5::text, true) IS NULL THEN false
                 WHEN pg_advisory_xact_lock($6::bigint) IS NULL THEN false
                 WHEN set_config('lock_timeout', $7::text, true) IS NULL THEN false
                 WHEN set_config('idle_in_transaction_session_timeout', $8::text, true) IS NULL THEN false
                 WHEN current_setting('transaction_timeout', true) IS NULL THEN true
                 ELSE set_config('transaction_timeout', $9::text, true) IS NOT NULL
            END
      ON CONFLICT DO NOTHING`,
      [
        caller,
        procedure,
        key,
        fingerprint,
        limit,
        queue,
        String(longestWaitMs),
        String(longestTransactionMs),
        String(longestTransactionMs + transactionGraceMs),
      ],
    );
    return inserted > 0;
  } catch (error) {
    throw hasCode(error, cancelledCodes) ? notNow(error) : withRemedy(error, executor.schema);
  }
}

async function keepAnswer(
  executor: SqlExecutor,
  { caller, procedure, key }: IdempotencyClaim,
  answer: string | null,
): Promise<void> {
  await executor.execute(
    `UPDATE ${keysOf(executor)} SET answer = $4::json
    WHERE caller = $1::text AND procedure = $2::text AND key = $3::text`,
    [caller, procedure, key, answer],
  );
}

function keysOf({ schema }: SqlExecutor): string {
  return tableName(schema, 'idempotency_keys');
}

/** @throws Error for an answer that is too long. */
function textOf(answer: unknown): string | null {
  const text = JSON.stringify(answer) as string | undefined;
  if (text === undefined) return null;
  if (text.length > longestAnswer) {
    throw new Error(
      `an answer of ${text.length} characters is too long to be stored for its idempotency key`,
    );
  }
  return text;
}
