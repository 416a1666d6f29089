import { authContract } from '@arcadium/contracts/auth';
import { databaseSettings, ownerUrl, serverSettings } from '@arcadium/mesh/config';
import {
  createAuthenticate,
  createKeySet,
  importSigningKey,
  publicPart,
  type PublicJwk,
} from '@arcadium/mesh/identity';
import { serve, type Startable } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { PrismaClient } from '@arcadium/prisma/auth';
import { classifyDatabaseError, openDatabase } from '@arcadium/prisma/database';
import { migrateWhenReachable } from '@arcadium/prisma/migrate';
import { createNotificationRelay } from '@arcadium/prisma/outbox';
import manifest from '../package.json' with { type: 'json' };
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { createPasswordHasher } from './domain/password.ts';
import { ensureAdministrator } from './jobs/first-administrator.ts';
import { createThrottleRetention } from './jobs/throttle-retention.ts';
import { createHandlers } from './router.ts';
import { createLoginThrottle } from './stores/login-throttle.ts';
import { createTokenBlacklist } from './stores/token-blacklist.ts';
import { createUserStore } from './stores/user-store.ts';

/**
 * Puts the service together and starts it. It listens at once, so that its
 * health can be asked for; calls are taken when its database is there and up
 * to date.
 *
 * @param ending Fires when the process is to end before it is ready.
 */
export async function startApp(config: Config, ending: AbortSignal): Promise<Startable> {
  const log = createLogger({ service: 'auth', level: config.LOG_LEVEL });
  const database = openDatabase({
    ...databaseSettings(config),
    schema: 'auth',
    client: PrismaClient,
    logger: log,
  });
  const [signer] = config.SIGNING_KEYS;
  const published = publishedKeys(config);
  const keys = await createKeySet({ initial: published, log });
  const users = createUserStore(database.client);
  const hasher = createPasswordHasher();
  const clients = connectClients(config, log);
  const relay = createNotificationRelay<'security'>({
    service: 'auth',
    database: database.client,
    databaseUrl: config.DATABASE_URL,
    send: (message, signal) => clients.notification.notifications.sendMany.mutate(message, { signal }),
    log,
  });
  const throttleRetention = createThrottleRetention(database.client, log);

  const service = await serve(
    authContract,
    createHandlers({
      users,
      hasher,
      throttle: createLoginThrottle(database.client),
      keys,
      blacklist: createTokenBlacklist(database.client),
      signingKey: await importSigningKey(signer),
    }),
    {
      version: manifest.version,
      ...serverSettings(config, config.AUTH_SERVICE_URL, database.pool),
      log,
      authenticate: createAuthenticate(keys),
      pingDatabase: () => database.ping(),
      dependencies: { notification: config.NOTIFICATION_SERVICE_URL },
      classify: classifyDatabaseError,
      routes: {
        '/.well-known/jwks.json': () => ({
          status: 200,
          body: { keys: published },
          headers: { 'cache-control': 'public, max-age=300' },
        }),
      },
    },
  );
  await migrateWhenReachable({ service: 'auth', url: ownerUrl(config), logger: log, signal: ending });
  await ensureAdministrator(config, { users, hasher, log });
  relay.start();
  throttleRetention.start();
  service.ready();

  return {
    async stop() {
      await Promise.all([service.stop(), relay.stop(), throttleRetention.stop()]);
      await Promise.all(Object.values(clients).map((client) => client[Symbol.asyncDispose]()));
      await hasher.close();
      keys.close();
      await database.close();
    },
  };
}

/** The keys that sign, and those that signed before. */
function publishedKeys({ SIGNING_KEYS, PUBLIC_KEYS }: Config): PublicJwk[] {
  const older = PUBLIC_KEYS?.keys.filter(({ kid }) => !SIGNING_KEYS.some((key) => key.kid === kid)) ?? [];
  return [...SIGNING_KEYS.map(publicPart), ...older];
}
