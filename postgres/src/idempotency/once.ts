import type { IdempotencyClaim } from '@arcadium/mesh/server';
import { keyReused, MeshError } from '@arcadium/mesh/wire';

import { lockKey } from '../advisory-lock.ts';
import { cancelledCodes, crossedCodes, hasCode, isTransactionExpired } from '../database/database-errors.ts';
import { longestWaitMs, notNow } from './not-now.ts';
import { inTurn } from './turns.ts';

/** The call that the work belongs to, as a handler gets it. */
export interface KeyedCall {
  readonly claim: IdempotencyClaim | undefined;
  readonly signal: AbortSignal;
}

/** Common to all generated Prisma clients in a transaction. */
interface KeyedTransaction {
  $queryRaw<Rows>(sql: TemplateStringsArray, ...values: unknown[]): PromiseLike<Rows>;
  $executeRaw(sql: TemplateStringsArray, ...values: unknown[]): PromiseLike<number>;
}

/** A service's generated Prisma client, whose schema has a table `idempotency_keys`. */
interface KeyedClient<Transaction> {
  $transaction<Result>(
    work: (transaction: Transaction) => Promise<Result>,
    limits: { timeout: number },
  ): Promise<Result>;
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

/**
 * When a transaction is rolled back, in milliseconds: slightly more than the longest timeout of a procedure.
 */
const longestTransactionMs = 16_000;

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
 * @param work Writes only through its transaction; its answer must be JSON.
 * @returns The answer after a round trip through JSON, also the first time.
 * @throws MeshError CONFLICT `IDEMPOTENCY_KEY_REUSED` for a key whose first call had another input;
 * SERVICE_UNAVAILABLE, safe to retry, if the first is still in progress after 3 s, or the work was blocked or
 * took longer than 16 s; the reason of the call's signal if its caller has gone before the work began;
 * otherwise what the work throws.
 */
export async function once<Transaction extends KeyedTransaction, Answer>(
  client: KeyedClient<Transaction>,
  { claim, signal }: KeyedCall,
  work: (transaction: Transaction) => Promise<Answer>,
): Promise<FromJson<Answer>> {
  claim?.take();
  const text = claim
    ? await inTurn(client, { claim, signal }, (waitMs) => transact(client, { claim, signal, waitMs }, work))
    : await transact(client, { claim, signal, waitMs: 0 }, work);
  return (text === null ? undefined : JSON.parse(text)) as FromJson<Answer>;
}

/**
 * Claims the key and does the work in one transaction.
 *
 * @param call.waitMs Longest wait for another call with the same key.
 * @returns The answer, as JSON.
 */
async function transact<Transaction extends KeyedTransaction>(
  client: KeyedClient<Transaction>,
  { claim, signal, waitMs }: KeyedCall & { waitMs: number },
  work: (transaction: Transaction) => Promise<unknown>,
): Promise<string | null> {
  const inTransaction = async (transaction: Transaction): Promise<string | null> => {
    const first = claim && (await claimKey(transaction, claim, waitMs));
    if (first) return first.answer;
    // After the wait: nothing is written if the caller no longer waits.
    signal.throwIfAborted();
    const answer = textOf(await work(transaction));
    if (claim) await keepAnswer(transaction, claim, answer);
    return answer;
  };
  try {
    return await client.$transaction(inTransaction, { timeout: longestTransactionMs });
  } catch (error) {
    if (error instanceof MeshError) throw error;
    if (isTransactionExpired(error)) throw notNow(error, tookTooLong);
    throw hasCode(error, crossedCodes) ? notNow(error) : error;
  }
}

type FirstCall = { fingerprint: string; answer: string | null };

/** Claims a key for this transaction. If another call had it, returns that call, once it has committed. */
async function claimKey(
  transaction: KeyedTransaction,
  claim: IdempotencyClaim,
  waitMs: number,
): Promise<FirstCall | undefined> {
  const { caller, procedure, key, fingerprint } = claim;
  if (await insertKey(transaction, claim, waitMs)) return undefined;
  const [first] = await transaction.$queryRaw<FirstCall[]>`
    SELECT fingerprint, answer::text AS answer FROM idempotency_keys
    WHERE caller = ${caller} AND procedure = ${procedure} AND key = ${key}`;
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
async function insertKey(
  transaction: KeyedTransaction,
  claim: IdempotencyClaim,
  waitMs: number,
): Promise<boolean> {
  const { caller, procedure, key, fingerprint } = claim;
  const queue = lockKey(JSON.stringify([caller, procedure, key]));
  // 0 would mean no limit.
  const limit = String(Math.max(1, Math.ceil(waitMs)));
  try {
    // The limits apply to this transaction, and are set in the same round trip. The limit of the wait is
    // followed by that of the work. The last one frees the key if its process freezes or its machine is lost.
    const inserted = await transaction.$executeRaw`
      INSERT INTO idempotency_keys (caller, procedure, key, fingerprint)
      SELECT ${caller}, ${procedure}, ${key}, ${fingerprint}
      WHERE CASE WHEN set_config('lock_timeout', ${limit}, true) IS NULL THEN false
                 WHEN pg_advisory_xact_lock(${queue}::bigint) IS NULL THEN false
                 WHEN set_config('lock_timeout', ${String(longestWaitMs)}, true) IS NULL THEN false
                 ELSE set_config('idle_in_transaction_session_timeout', ${String(longestTransactionMs)}, true) IS NOT NULL
            END
      ON CONFLICT DO NOTHING`;
    return inserted > 0;
  } catch (error) {
    throw hasCode(error, cancelledCodes) ? notNow(error) : error;
  }
}

async function keepAnswer(
  transaction: KeyedTransaction,
  { caller, procedure, key }: IdempotencyClaim,
  answer: string | null,
): Promise<void> {
  await transaction.$executeRaw`
    UPDATE idempotency_keys SET answer = ${answer}::json
    WHERE caller = ${caller} AND procedure = ${procedure} AND key = ${key}`;
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
