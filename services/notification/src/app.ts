import { notificationContract } from '@arcadium/contracts/notification';
import {
  databaseSettings,
  logSettings,
  migrationSettings,
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
import { migrateWhenReachable } from '@arcadium/postgres/migrate';
import { PrismaClient } from '@arcadium/prisma/notification';
import { migrationsFolder } from '@arcadium/prisma/folders';
import manifest from '../package.json' with { type: 'json' };
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { Arrivals } from './jobs/arrivals.ts';
import { createRetention } from './jobs/retention.ts';
import { createHandlers } from './router.ts';
import { createStores } from './stores/stores.ts';

/** Puts the service together and starts it. @param ending Fires when the process must end. */
export async function startApp(config: Config, ending: AbortSignal): Promise<StartedService> {
  await using resources = new AsyncDisposableStack();
  const log = createLogger({ service: 'notification', ...logSettings(config) });
  const tls = openTls({ ...tlsSettings(config), log });
  if (tls) resources.use(tls);
  resources.use(
    await openTelemetry({
      service: 'notification',
      version: manifest.version,
      log,
      tls,
      ...telemetrySettings(config, log),
    }),
  );
  const database = openDatabase({
    ...databaseSettings(config),
    schema: 'notification',
    client: PrismaClient,
    log,
  });
  resources.defer(() => database.close());
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
  const stores = createStores(database.client);
  const arrivals = new Arrivals({
    databaseUrl: database.directUrl,
    connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
    store: stores.arrivals,
    log,
  });
  const keepReadDays = config.NOTIFICATION_KEEP_READ_DAYS;
  return await startService(notificationContract, createHandlers({ stores, arrivals }), {
    version: manifest.version,
    ...serverSettings(config, config.NOTIFICATION_SERVICE_URL, database.pool),
    tls,
    log,
    ...membership.serving,
    ...database.serving,
    dependencies: { auth: membership.authProbe },
    ending,
    prepare: (signal) =>
      Promise.all([
        migrateWhenReachable({
          service: 'notification',
          folder: migrationsFolder('notification'),
          ...migrationSettings(config),
          record: database.migrations,
          log,
          signal,
        }),
        membership.start(signal),
      ]),
    jobs: [arrivals, createRetention({ store: stores.retention, log, keepReadDays })],
    resources: resources.move(),
  });
}
