import { wikiContract } from '@arcadium/contracts/wiki';
import { serve } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log } from '@arcadium/mesh/testing';
import { openDatabase } from '@arcadium/prisma/database';
import { createTestDatabase } from '@arcadium/prisma/testing';
import { PrismaClient } from '@arcadium/prisma/wiki';
import type { PageReader } from '../reader/page-reader.ts';
import { createHandlers } from '../router.ts';
import { createTestDeps } from './deps.ts';

/**
 * The wiki on a port and a database of its own, as `main.ts` serves it, but without the other services. It believes
 * `x-forwarded-for`, so that a test can come from many addresses.
 *
 * @param options.callsPerMinute From one address, without credentials. @default any number
 * @param options.reader What reads its pages; it is closed with the wiki. @default one as `main.ts` has it
 */
export async function serveWiki({
  callsPerMinute = 1_000_000_000,
  reader,
}: { callsPerMinute?: number; reader?: PageReader } = {}) {
  const testDatabase = await createTestDatabase(['wiki']);
  const url = testDatabase.url('wiki');
  const settings = { url, schema: 'wiki', client: PrismaClient, logger: log };
  const database = openDatabase(settings);
  // A busy machine takes its time to fill a table.
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
    identity,
    /** Sessions beside the service's own. */
    pool: observer.pool,
    async close(): Promise<void> {
      await service.stop();
      await deps.reader.close();
      await Promise.all([database.close(), observer.close()]);
      await testDatabase.drop();
    },
  };
}

/** A wiki that is served. */
export type ServedWiki = Awaited<ReturnType<typeof serveWiki>>;
