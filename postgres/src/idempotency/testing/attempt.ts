import { PrismaClient } from '@arcadium/prisma/wiki';

import { openDatabase } from '../../database/database.ts';
import { fromPrisma } from '../../sql/prisma.ts';
import { once } from '../once.ts';

// A process to be killed: it does the work of one key, which adds a watcher to a page, and reports its
// progress.

const { url, pageId, hold, ...key } = JSON.parse(process.argv[2] ?? '') as {
  url: string;
  pageId: string;
  /** Where it stops and waits. */
  hold: 'within' | 'after';
  procedure: string;
  caller: string;
  key: string;
  fingerprint: string;
};

const log = { info: () => {}, warn: () => {}, error: () => {} };
const { client } = openDatabase({ url, schema: 'wiki', client: PrismaClient, log });

/** Reports its progress, and waits. */
function stay(): Promise<never> {
  process.send?.(hold);
  return new Promise(() => setInterval(() => {}, 60_000));
}

const call = { claim: { ...key, take: () => {} }, signal: new AbortController().signal };
await once(fromPrisma(client, { schema: 'wiki' }), call, async (transaction) => {
  const { userId } = await transaction.pageWatcher.create({
    data: { pageId, userId: '00000000-0000-7000-8000-000000000001' },
  });
  if (hold === 'within') await stay();
  return { by: 'the one who was killed', userId };
});
await stay();
