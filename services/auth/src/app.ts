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
import manifest from '../package.json' with { type: 'json' };
import type { Config } from './config.ts';
import { createPasswordPolicy } from './domain/password-policy.ts';
import { createPasswordHasher } from './domain/password.ts';
import { createSeal } from './domain/seal.ts';
import { ensureAdministrator } from './jobs/first-administrator.ts';
import { createSessionRetention } from './jobs/session-retention.ts';
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
  const signingKey = await importSigningKey(signer);
  const stores = createStores(database.client, createSeal(config.ENCRYPTION_KEY));
  const hasher = createPasswordHasher();
  const policy = createPasswordPolicy({ leastCharacters: config.PASSWORD_MIN_LENGTH });
  const now = () => new Date();
  const sessionRetention = createSessionRetention({ database: database.client, log, now });

  const service = await serve(
    authContract,
    createHandlers({ ...stores, policy, hasher, keys, signer: () => signingKey, now }),
    {
      version: manifest.version,
      ...serverSettings(config, config.AUTH_SERVICE_URL),
      log,
      authenticate: createAuthenticate(keys),
      pingDatabase: () => database.ping(),
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
  await ensureAdministrator(config, { users: stores.users, policy, hasher, now, log });
  sessionRetention.start();
  service.ready();

  return {
    async stop() {
      await Promise.all([service.stop(), sessionRetention.stop()]);
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
