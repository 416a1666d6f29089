import type { IdempotencyClaim } from '@arcadium/mesh/server';
import { keyReused, MeshError } from '@arcadium/mesh/wire';

import { hasCode, isTransactionExpired } from '../database/database-errors.ts';

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

/**
 * How long a call waits for another of the same key, or its work for any lock, in milliseconds: less than the 5 s after
 * which most callers give up, and not so long that callers who repeat themselves hold all connections.
 */
const longestLockWaitMs = 3000;

/** When a transaction is given up, in milliseconds: a little more than the longest that a procedure may take. */
const longestTransactionMs = 16_000;

/** How soon a call may come again that did not get its turn, in milliseconds. */
const comeAgainMs = 1000;

/** The longest answer that is kept, in characters of JSON; a page's text at its limit is a third of that. */
const longestAnswer = 4 * 1024 * 1024;

/** Serialization failure, deadlock, Prisma's word for these two, and a lock that was waited for too long. */
const crossedCodes: ReadonlySet<string> = new Set(['40001', '40P01', 'P2034', '55P03']);

/** A statement that took too long, or was cancelled. */
const cancelledCodes: ReadonlySet<string> = new Set(['57014']);

/**
 * Does the work of a call in one transaction, once for its idempotency key:
 * the key is claimed first, the work follows, and the answer is kept beside the
 * key when both are committed. The same key again is answered with what was
 * kept; while the first is under way, it waits for that. Work that throws leaves
 * nothing, and its key is free. A call without a key only gets the transaction.
 *
 * Everything that may refuse the call belongs into the work, or a repeated call
 * is refused for what the first has changed.
 *
 * @param work Writes through the transaction it is given, and nowhere else; what it answers must be JSON.
 * @returns The answer as it comes back from JSON, the first time too.
 * @throws MeshError CONFLICT `IDEMPOTENCY_KEY_REUSED` for a key whose first call had another input;
 * SERVICE_UNAVAILABLE, safe to be made again, where the first is still under way, or the work got in another's way;
 * the reason of the call's signal where its caller has gone before the work began; else what the work throws.
 */
export async function once<Transaction extends KeyedTransaction, Answer>(
  client: KeyedClient<Transaction>,
  { claim, signal }: KeyedCall,
  work: (transaction: Transaction) => Promise<Answer>,
): Promise<FromJson<Answer>> {
  claim?.take();
  const inTransaction = async (transaction: Transaction): Promise<string | null> => {
    const first = claim && (await claimKey(transaction, claim));
    if (first) return first.answer;
    // The wait took its time: what nobody waits for any more is not written behind the caller's back.
    signal.throwIfAborted();
    const answer = textOf(await work(transaction));
    if (claim) await keepAnswer(transaction, claim, answer);
    return answer;
  };
  try {
    const text = await client.$transaction(inTransaction, { timeout: longestTransactionMs });
    return (text === null ? undefined : JSON.parse(text)) as FromJson<Answer>;
  } catch (error) {
    if (error instanceof MeshError) throw error;
    throw hasCode(error, crossedCodes) || isTransactionExpired(error) ? notNow(error) : error;
  }
}

type FirstCall = { fingerprint: string; answer: string | null };

/** Claims a key for this transaction; if another had it, its call, as soon as that is committed. */
async function claimKey(
  transaction: KeyedTransaction,
  claim: IdempotencyClaim,
): Promise<FirstCall | undefined> {
  const { caller, procedure, key, fingerprint } = claim;
  if (await insertKey(transaction, claim)) return undefined;
  const [first] = await transaction.$queryRaw<FirstCall[]>`
    SELECT fingerprint, answer::text AS answer FROM idempotency_keys
    WHERE caller = ${caller} AND procedure = ${procedure} AND key = ${key}`;
  // It was a day old, and is removed just now.
  if (!first) throw notNow();
  if (first.fingerprint !== fingerprint) throw keyReused();
  return first;
}

/** Whether the key is new. Where another transaction has just put it in, PostgreSQL waits for its end. */
async function insertKey(transaction: KeyedTransaction, claim: IdempotencyClaim): Promise<boolean> {
  const { caller, procedure, key, fingerprint } = claim;
  try {
    // Two limits for this transaction alone, in the same journey. The second frees the key where the process of the
    // one who has it stands still, or its machine is gone without a word.
    const inserted = await transaction.$executeRaw`
      INSERT INTO idempotency_keys (caller, procedure, key, fingerprint)
      SELECT ${caller}, ${procedure}, ${key}, ${fingerprint}
      WHERE set_config('lock_timeout', ${String(longestLockWaitMs)}, true) IS NOT NULL
        AND set_config('idle_in_transaction_session_timeout', ${String(longestTransactionMs)}, true) IS NOT NULL
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
    throw new Error(`an answer of ${text.length} characters is too long to be kept for its idempotency key`);
  }
  return text;
}

function notNow(cause?: unknown): MeshError {
  return new MeshError('SERVICE_UNAVAILABLE', 'Another call is in the way of this one', {
    retry: 'safe',
    retryAfterMs: comeAgainMs,
    cause,
  });
}
