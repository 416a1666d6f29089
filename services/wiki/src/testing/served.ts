import { wikiContract } from '@arcadium/contracts/wiki';
import { serve } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log } from '@arcadium/mesh/testing';
import { openDatabase } from '@arcadium/postgres/database';
import { createTestDatabase } from '@arcadium/prisma/testing';
import { PrismaClient } from '@arcadium/prisma/wiki';
import type { PageReader } from '../reader/page-reader.ts';
import { createHandlers } from '../router.ts';
import { createTestDeps } from './deps.ts';

/**
 * The wiki on its own port and database, as `main.ts` serves it, but without the other services. It trusts
 * `x-forwarded-for`, so that a test can use many addresses.
 *
 * @param options.callsPerMinute From one address, without credentials.
 * @default no limit
 * @param options.reader The page reader, closed with the wiki.
 * @default as in `main.ts`
 */
export async function serveWiki({
  callsPerMinute = 1_000_000_000,
  reader,
}: { callsPerMinute?: number; reader?: PageReader } = {}) {
  const testDatabase = await createTestDatabase(['wiki']);
  const url = testDatabase.url('wiki');
  const settings = { url, schema: 'wiki', client: PrismaClient, log };
  const database = openDatabase(settings);
  // A busy machine may be slow to fill a table.
  const observer = openDatabase({ ...settings, queryTimeoutMs: 120_000 });
  const deps = createTestDeps({ database: database.client, now: () => new Date(), reader });
  const identity = await createTestIdentity();
  const service = await serve(wikiContract, createHandlers(deps), {
    version: '1',
    port: 0,
    log,
    authenticate: identity.authenticate,
    ...database.serving,
    trustedProxies: ['127.0.0.1'],
    rateLimit: { callsPerMinute },
  });
  service.ready();
  return {
    url: service.url,
    client: database.client,
    databaseUrl: url,
    identity,
    /** Connections besides the service's own. */
    pool: observer.pool,
    async close(): Promise<void> {
      await service.stop();
      await deps.reader.close();
      await Promise.all([database.close(), observer.close()]);
      await testDatabase.drop();
    },
  };
}

export type ServedWiki = Awaited<ReturnType<typeof serveWiki>>;
