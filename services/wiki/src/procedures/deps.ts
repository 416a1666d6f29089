import type { wikiContract } from '@arcadium/contracts/wiki';
import type { PathOf } from '@arcadium/mesh/contract';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { CostlyReads } from '../costly-reads.ts';
import type { PageReader } from '../reader/page-reader.ts';
import type { Database } from '../stores/transaction.ts';

/** What the wiki's procedures work with. */
export interface WikiDeps {
  database: Database;
  reader: PageReader;
  costlyReads: CostlyReads;
  /** Marks as read what the user whom the running handler serves was told about a link. */
  markRead: (link: string) => Promise<unknown>;
  /** The clock. */
  now: () => Date;
}

/** The handler of one of the wiki's procedures. */
export type WikiHandler<Path extends PathOf<(typeof wikiContract)['procedures']>> = HandlerOf<
  typeof wikiContract,
  Path
>;

/** The errors that a procedure's contract names. */
export type WikiErrors<Path extends PathOf<(typeof wikiContract)['procedures']>> = Parameters<
  WikiHandler<Path>
>[0]['errors'];
