import { wikiContract } from '@arcadium/contracts/wiki';
import {
  databaseSettings,
  logSettings,
  migrationSettings,
  outboxSettings,
  serverSettings,
  stateDirOf,
  telemetrySettings,
  tlsSettings,
  tokenSettings,
} from '@arcadium/mesh/config';
import { openServiceToken } from '@arcadium/mesh/identity';
import { joinMesh, startService, type StartedService } from '@arcadium/mesh/server';
import { createLogger, openTelemetry } from '@arcadium/mesh/telemetry';
import { openTls } from '@arcadium/mesh/tls';
import { openDatabase } from '@arcadium/postgres/database';
import { createKeyRetention } from '@arcadium/postgres/idempotency';
import { migrateWhenReachable } from '@arcadium/postgres/migrate';
import { createOutboxRelay, createOutboxRetention } from '@arcadium/postgres/outbox';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { PrismaClient } from '@arcadium/prisma/wiki';
import { migrationsFolder } from '@arcadium/prisma/folders';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import manifest from '../package.json' with { type: 'json' };
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { CostlyReads } from './costly-reads.ts';
import type { Notice } from './domain/notice.ts';
import { Reindexing } from './jobs/reindexing.ts';
import { createPageReader } from './reader/page-reader.ts';
import { createHandlers } from './router.ts';

/** Puts the service together and starts it. @param ending Fires when the process must end. */
export async function startApp(config: Config, ending: AbortSignal): Promise<StartedService> {
  await using resources = new AsyncDisposableStack();
  const log = createLogger({ service: 'wiki', ...logSettings(config) });
  const tls = openTls({ ...tlsSettings(config), log });
  if (tls) resources.use(tls);
  resources.use(
    await openTelemetry({
      service: 'wiki',
      version: manifest.version,
      log,
      tls,
      ...telemetrySettings(config, log),
    }),
  );
  const database = openDatabase({ ...databaseSettings(config), schema: 'wiki', client: PrismaClient, log });
  resources.defer(() => database.close());
  const reader = createPageReader({ log });
  resources.defer(() => reader.close());
  const token = openServiceToken({ ...tokenSettings(config), log });
  const clients = connectClients(config, { token, tls, log });
  for (const client of Object.values(clients)) resources.use(client);
  const membership = await joinMesh({
    auth: clients.auth,
    authUrl: config.AUTH_SERVICE_URL,
    token,
    publicKeys: config.PUBLIC_KEYS.keys,
    publicKeysFile: config.PUBLIC_KEYS_FILE,
    stateDir: stateDirOf(config, import.meta.dirname),
    tls,
    log,
  });
  resources.defer(() => membership.stop());
  const sql = fromPrisma(database.client, { schema: 'wiki' });
  const relay = createOutboxRelay<Notice>({
    service: 'wiki',
    tables: notificationOutbox,
    database: sql,
    databaseUrl: database.directUrl,
    send: (messages, signal) => clients.notification.notifications.sendBatch.mutate({ messages }, { signal }),
    log,
    ...outboxSettings(config),
  });
  const handlers = createHandlers({
    database: database.client,
    sql,
    reader,
    costlyReads: new CostlyReads(config.DATABASE_POOL_MAX),
    markRead: (link) => clients.notification.notifications.markLinkRead.mutate({ link }),
    now: () => new Date(),
  });
  return await startService(wikiContract, handlers, {
    version: manifest.version,
    ...serverSettings(config, config.WIKI_SERVICE_URL, database.pool),
    tls,
    log,
    ...membership.serving,
    ...database.serving,
    dependencies: { auth: membership.authProbe, notification: config.NOTIFICATION_SERVICE_URL },
    ending,
    prepare: (signal) =>
      Promise.all([
        migrateWhenReachable({
          service: 'wiki',
          folder: migrationsFolder('wiki'),
          ...migrationSettings(config),
          record: database.migrations,
          log,
          signal,
        }),
        membership.start(signal),
      ]),
    jobs: [
      relay,
      createKeyRetention({ database: sql, log }),
      createOutboxRetention({
        database: sql,
        tables: notificationOutbox,
        log,
        ...outboxSettings(config),
      }),
      new Reindexing({ database: database.client, reader, log }),
    ],
    resources: resources.move(),
  });
}
