import type { wikiContract } from '@arcadium/contracts/wiki';
import type { PathOf } from '@arcadium/mesh/contract';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { SqlDatabase } from '@arcadium/postgres/idempotency';
import type { CostlyReads } from '../costly-reads.ts';
import type { PageReader } from '../reader/page-reader.ts';
import type { Database, Transaction } from '../stores/transaction.ts';

export interface WikiDeps {
  database: Database;
  /** The same, for idempotency keys and the outbox. */
  sql: SqlDatabase<Transaction>;
  reader: PageReader;
  costlyReads: CostlyReads;
  /** Marks the notifications about a link as read, for the user that the running handler serves. */
  markRead: (link: string) => Promise<unknown>;
  now: () => Date;
}

/** The handler of a procedure of the wiki. */
export type WikiHandler<Path extends PathOf<(typeof wikiContract)['procedures']>> = HandlerOf<
  typeof wikiContract,
  Path
>;

/** The errors in a procedure's contract. */
export type WikiErrors<Path extends PathOf<(typeof wikiContract)['procedures']>> = Parameters<
  WikiHandler<Path>
>[0]['errors'];
