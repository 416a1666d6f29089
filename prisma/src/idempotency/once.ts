import type { IdempotencyClaim } from '@arcadium/mesh/server';
import { keyReused, MeshError } from '@arcadium/mesh/wire';

import { lockKey } from '../advisory-lock.ts';
import { cancelledCodes, crossedCodes, hasCode, isTransactionExpired } from '../database/database-errors.ts';
import { longestWaitMs, notNow } from './not-now.ts';
import { inTurn } from './turns.ts';

/** The call that work is done for: what a handler is given will do. */
export interface KeyedCall {
  readonly claim: IdempotencyClaim | undefined;
  readonly signal: AbortSignal;
}

/** What every generated Prisma client has within a transaction. */
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

/** A value as it comes back from JSON, in which it is kept. */
export type FromJson<Value> = unknown extends Value
  ? Value
  : Value extends string | number | boolean | null | undefined
    ? Value
    : Value extends { toJSON(): infer Text }
      ? FromJson<Text>
      : Value extends bigint | symbol | ((...input: never) => unknown)
        ? never
        : { [Key in keyof Value]: FromJson<Value[Key]> };

/** When a transaction is given up, in milliseconds: a little more than the longest that a procedure may take. */
const longestTransactionMs = 16_000;

const tookTooLong = `The work did not finish within ${longestTransactionMs / 1000} s and was rolled back`;

/** The longest answer that is kept, in characters of JSON; a page's text at its limit is a third of that. */
const longestAnswer = 4 * 1024 * 1024;

/**
 * Does the work of a call in one transaction, once for its idempotency key:
 * the key is claimed first, the work follows, and the answer is kept beside the
 * key when both are committed. The same key again is answered with what was
 * kept; while the first is under way, it waits for that, in this process without
 * a connection. Work that throws leaves nothing, and its key is free. A call
 * without a key only gets the transaction.
 *
 * Everything that may refuse the call belongs into the work, or a repeated call
 * is refused for what the first has changed.
 *
 * @param work Writes through the transaction it is given, and nowhere else; what it answers must be JSON.
 * @returns The answer as it comes back from JSON, the first time too.
 * @throws MeshError CONFLICT `IDEMPOTENCY_KEY_REUSED` for a key whose first call had another input;
 * SERVICE_UNAVAILABLE, safe to be made again, where the first is still under way after 3 s, or the work got in another's
 * way or took longer than 16 s; the reason of the call's signal where its caller has gone before the work began; else what
 * the work throws.
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
 * Claims the key and does the work, in one transaction.
 *
 * @param call.waitMs How long it may wait for another of the same key.
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
    // The wait took its time: what nobody waits for any more is not written behind the caller's back.
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

/** Claims a key for this transaction; if another had it, its call, as soon as that is committed. */
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
  // It was a day old, and is removed just now.
  if (!first) throw notNow();
  if (first.fingerprint !== fingerprint) throw keyReused();
  return first;
}

/**
 * Whether the key is new. Where another transaction has it, PostgreSQL waits for its end.
 *
 * The unique index decides, but whoever waits there for one that rolls back would begin to wait anew for the next: a limit
 * holds for each wait. So they stand in a queue before it, for the sum of these is one wait in that.
 */
async function insertKey(
  transaction: KeyedTransaction,
  claim: IdempotencyClaim,
  waitMs: number,
): Promise<boolean> {
  const { caller, procedure, key, fingerprint } = claim;
  const queue = lockKey(JSON.stringify([caller, procedure, key]));
  // 0 would be for ever.
  const limit = String(Math.max(1, Math.ceil(waitMs)));
  try {
    // The limits are for this transaction alone, in the same journey. That of the wait is followed by that of the work;
    // the last one frees the key where the process of the one who has it stands still, or its machine is gone without
    // a word.
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

/** @throws Error for an answer that is too long to be kept. */
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
