import { notificationContract } from '@arcadium/contracts/notification';
import {
  databaseSettings,
  directUrl,
  logSettings,
  ownerUrl,
  serverSettings,
  stateDirOf,
  tokenSettings,
} from '@arcadium/mesh/config';
import { openServiceToken } from '@arcadium/mesh/identity';
import { joinMesh, serve, type Startable } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { openDatabase } from '@arcadium/postgres/database';
import { migrateWhenReachable } from '@arcadium/postgres/migrate';
import { migrationsFolder } from '@arcadium/prisma/folders';
import { PrismaClient } from '@arcadium/prisma/notification';
import manifest from '../package.json' with { type: 'json' };
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { Arrivals } from './jobs/arrivals.ts';
import { createRetention } from './jobs/retention.ts';
import { createHandlers } from './router.ts';
import { createStores } from './stores/stores.ts';

/**
 * Builds the service and starts it. It listens at once, so that its health can be checked, and accepts calls
 * when its database is available and migrated.
 *
 * @param ending Fires when the process must end before it is ready.
 */
export async function startApp(config: Config, ending: AbortSignal): Promise<Startable> {
  const log = createLogger({ service: 'notification', ...logSettings(config) });
  const database = openDatabase({
    ...databaseSettings(config),
    schema: 'notification',
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
  const stores = createStores(database.client);
  const arrivals = new Arrivals({
    databaseUrl: directUrl(config),
    connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
    store: stores.arrivals,
    log,
  });
  const retention = createRetention({
    store: stores.retention,
    log,
    keepReadDays: config.NOTIFICATION_KEEP_READ_DAYS,
  });

  const service = await serve(notificationContract, createHandlers({ stores, arrivals }), {
    version: manifest.version,
    ...serverSettings(config, config.NOTIFICATION_SERVICE_URL, database.pool),
    log,
    ...membership.serving,
    ...database.serving,
    dependencies: { auth: membership.authProbe },
  });
  await Promise.all([
    migrateWhenReachable({
      service: 'notification',
      folder: migrationsFolder('notification'),
      url: ownerUrl(config),
      trafficUrl: config.DATABASE_URL,
      directUrl: config.DATABASE_DIRECT_URL,
      logger: log,
      signal: ending,
    }),
    membership.start(ending),
  ]);
  arrivals.start();
  retention.start();
  service.ready();

  return {
    async stop() {
      await service.stop();
      await Promise.all([arrivals.stop(), retention.stop()]);
      await membership.stop();
      await clients.auth[Symbol.asyncDispose]();
      await database.close();
    },
  };
}
