import {
  checkSchema,
  defaultSchema,
  longestTransactionMs,
  type SqlDatabase,
  type SqlDatabaseOptions,
  type SqlExecutor,
} from './sql-database.ts';

export type { SqlDatabase, SqlDatabaseOptions, SqlExecutor } from './sql-database.ts';

/** What every generated Prisma client can do, in a transaction or not. */
export interface PrismaStatements {
  $queryRawUnsafe<Rows>(sql: string, ...values: unknown[]): PromiseLike<Rows>;
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<number>;
}

/** A generated Prisma client for PostgreSQL; `Transaction` is its `Prisma.TransactionClient`. */
export interface PrismaDatabase<Transaction> extends PrismaStatements {
  $transaction<Result>(
    work: (transaction: Transaction) => Promise<Result>,
    limits: { timeout: number },
  ): Promise<Result>;
}

/**
 * Idempotency keys and an outbox on Prisma: the work gets the client of an interactive transaction, which ends
 * after 16 s. The tables are not part of your `schema.prisma`; `arcadium-postgres migrate` creates them.
 *
 * @example
 * const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }) });
 * const database = fromPrisma(prisma);
 *
 * const create = (call) =>
 *   once(database, call, (transaction) => transaction.order.create({ data: { item: call.input.item } }));
 *
 * @throws TypeError if the schema's name is not usable.
 */
export function fromPrisma<Transaction extends PrismaStatements>(
  client: PrismaDatabase<Transaction>,
  options: SqlDatabaseOptions = {},
): SqlDatabase<Transaction> {
  const schema = checkSchema(options.schema ?? defaultSchema);
  return {
    ...executorOn(client, schema),
    within: (transaction) => executorOn(transaction, schema),
    transaction: (work) => client.$transaction(work, { timeout: longestTransactionMs }),
  };
}

function executorOn(runner: PrismaStatements, schema: string): SqlExecutor {
  return {
    schema,
    query: async (text, values) => runner.$queryRawUnsafe(text, ...values),
    execute: async (text, values) => runner.$executeRawUnsafe(text, ...values),
  };
}
