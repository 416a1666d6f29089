import { createPageReader, type PageReader } from '../reader/page-reader.ts';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { CostlyReads } from '../costly-reads.ts';
import type { WikiDeps } from '../procedures/deps.ts';

/** Dependencies of the wiki's procedures for tests: everything is real except the other services. */
export function createTestDeps({
  database,
  now,
  reader = createPageReader({ log }),
}: Pick<WikiDeps, 'database' | 'now'> & { reader?: PageReader | undefined }) {
  const markedRead: string[] = [];
  return {
    database,
    sql: fromPrisma(database, { schema: 'wiki' }),
    reader,
    costlyReads: new CostlyReads(10),
    markRead: async (link: string) => void markedRead.push(link),
    now,
    /** The links whose notifications were marked as read. */
    markedRead,
  };
}
