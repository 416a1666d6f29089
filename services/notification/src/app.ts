import { notificationContract } from '@arcadium/contracts/notification';
import { databaseSettings, ownerUrl, serverSettings, stateDirOf } from '@arcadium/mesh/config';
import { degradedWhile, probeService } from '@arcadium/mesh/health';
import {
  createAuthenticate,
  createKeySet,
  followRevocations,
  remoteRevocations,
} from '@arcadium/mesh/identity';
import { DenialReporter, serve, type Startable } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { classifyDatabaseError, openDatabase } from '@arcadium/prisma/database';
import { migrateWhenReachable } from '@arcadium/prisma/migrate';
import { PrismaClient } from '@arcadium/prisma/notification';
import manifest from '../package.json' with { type: 'json' };
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { Arrivals } from './jobs/arrivals.ts';
import { createRetention } from './jobs/retention.ts';
import { createHandlers } from './router.ts';
import { createStores } from './stores/stores.ts';

/**
 * Puts the service together and starts it. It listens at once, so that its
 * health can be asked for; calls are taken when its database is there and up
 * to date.
 *
 * @param ending Fires when the process is to end before it is ready.
 */
export async function startApp(config: Config, ending: AbortSignal): Promise<Startable> {
  const log = createLogger({ service: 'notification', level: config.LOG_LEVEL });
  const database = openDatabase({
    ...databaseSettings(config),
    schema: 'notification',
    client: PrismaClient,
    logger: log,
  });
  const stateDir = stateDirOf(config, import.meta.dirname);
  const keys = await createKeySet({
    initial: config.PUBLIC_KEYS.keys,
    url: config.AUTH_SERVICE_URL,
    stateDir,
    log,
  });
  const clients = connectClients(config, log);
  const revocations = await followRevocations({
    source: remoteRevocations(clients.auth.revocations),
    from: 'auth',
    stateDir,
    log,
  });
  const denials = new DenialReporter({
    send: (entries, signal) => clients.auth.audit.report.mutate({ entries: [...entries] }, { signal }),
    log,
  });
  const stores = createStores(database.client);
  const arrivals = new Arrivals({
    databaseUrl: config.DATABASE_URL,
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
    ...serverSettings(config, config.NOTIFICATION_SERVICE_URL),
    log,
    onDenied: denials.add,
    authenticate: createAuthenticate(keys, revocations.set),
    revocations,
    pingDatabase: () => database.ping(),
    dependencies: {
      auth: degradedWhile(
        () => revocations.status().state === 'stale',
        probeService(config.AUTH_SERVICE_URL),
      ),
    },
    classify: classifyDatabaseError,
  });
  await Promise.all([
    migrateWhenReachable({ service: 'notification', url: ownerUrl(config), logger: log, signal: ending }),
    revocations.loaded(ending),
  ]);
  arrivals.start();
  retention.start();
  denials.start();
  service.ready();

  return {
    async stop() {
      await service.stop();
      await Promise.all([arrivals.stop(), retention.stop(), denials.stop()]);
      await revocations.stop();
      await clients.auth[Symbol.asyncDispose]();
      keys.close();
      await database.close();
    },
  };
}
