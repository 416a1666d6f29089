import { wikiContract } from '@arcadium/contracts/wiki';
import {
  databaseSettings,
  directUrl,
  logSettings,
  outboxSettings,
  ownerUrl,
  serverSettings,
  stateDirOf,
  tokenSettings,
} from '@arcadium/mesh/config';
import { openServiceToken } from '@arcadium/mesh/identity';
import { joinMesh, serve, type Startable } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { openDatabase } from '@arcadium/postgres/database';
import { createKeyRetention } from '@arcadium/postgres/idempotency';
import { migrateWhenReachable } from '@arcadium/postgres/migrate';
import { createOutboxRelay, createOutboxRetention } from '@arcadium/postgres/outbox';
import { migrationsFolder } from '@arcadium/prisma/folders';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import { PrismaClient } from '@arcadium/prisma/wiki';
import manifest from '../package.json' with { type: 'json' };
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { CostlyReads } from './costly-reads.ts';
import type { Notice } from './domain/notice.ts';
import { Reindexing } from './jobs/reindexing.ts';
import { createPageReader } from './reader/page-reader.ts';
import { createHandlers } from './router.ts';

/**
 * Builds the service and starts it. It listens at once, so that its health can be checked, and accepts calls
 * when its database is available and migrated.
 *
 * @param ending Fires when the process must end before it is ready.
 */
export async function startApp(config: Config, ending: AbortSignal): Promise<Startable> {
  const log = createLogger({ service: 'wiki', ...logSettings(config) });
  const database = openDatabase({
    ...databaseSettings(config),
    schema: 'wiki',
    client: PrismaClient,
    logger: log,
  });
  const token = openServiceToken({ ...tokenSettings(config), log });
  const clients = connectClients(config, { token, log });
  const membership = await joinMesh({
    auth: clients.auth,
    authUrl: config.AUTH_SERVICE_URL,
    token,
    publicKeys: config.PUBLIC_KEYS.keys,
    stateDir: stateDirOf(config, import.meta.dirname),
    log,
  });
  const reader = createPageReader({ log });
  const costlyReads = new CostlyReads(config.DATABASE_POOL_MAX);
  const { maxFailures, maxWaitMs, keepDays } = outboxSettings(config);
  const relay = createOutboxRelay<Notice>({
    service: 'wiki',
    tables: notificationOutbox,
    database: database.client,
    databaseUrl: directUrl(config),
    send: (messages, signal) => clients.notification.notifications.sendBatch.mutate({ messages }, { signal }),
    log,
    maxFailures,
    maxWaitMs,
  });
  const reindexing = new Reindexing({ database: database.client, reader, log });
  const retention = [
    createKeyRetention({ client: database.client, logger: log }),
    createOutboxRetention({ database: database.client, tables: notificationOutbox, logger: log, keepDays }),
  ];

  const service = await serve(
    wikiContract,
    createHandlers({
      database: database.client,
      reader,
      costlyReads,
      markRead: (link) => clients.notification.notifications.markLinkRead.mutate({ link }),
      now: () => new Date(),
    }),
    {
      version: manifest.version,
      ...serverSettings(config, config.WIKI_SERVICE_URL, database.pool),
      log,
      ...membership.serving,
      ...database.serving,
      dependencies: { auth: membership.authProbe, notification: config.NOTIFICATION_SERVICE_URL },
    },
  );
  await Promise.all([
    migrateWhenReachable({
      service: 'wiki',
      folder: migrationsFolder('wiki'),
      url: ownerUrl(config),
      trafficUrl: config.DATABASE_URL,
      directUrl: config.DATABASE_DIRECT_URL,
      logger: log,
      signal: ending,
    }),
    membership.start(ending),
  ]);
  for (const job of [relay, ...retention, reindexing]) job.start();
  service.ready();

  return {
    async stop() {
      await Promise.all([service.stop(), ...[relay, ...retention, reindexing].map((job) => job.stop())]);
      await membership.stop();
      await Promise.all(Object.values(clients).map((client) => client[Symbol.asyncDispose]()));
      await reader.close();
      await database.close();
    },
  };
}
