import { authContract } from '@arcadium/contracts/auth';
import { databaseSettings, ownerUrl, serverSettings } from '@arcadium/mesh/config';
import { createAuthenticate } from '@arcadium/mesh/identity';
import { DenialReporter, serve, type JsonAnswer, type Startable } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { PrismaClient } from '@arcadium/prisma/auth';
import { classifyDatabaseError, openDatabase } from '@arcadium/prisma/database';
import { migrateWhenReachable } from '@arcadium/prisma/migrate';
import manifest from '../package.json' with { type: 'json' };
import type { Config } from './config.ts';
import { createPasswordHasher } from './domain/password.ts';
import { createSeal } from './domain/seal.ts';
import { ensureAdministrator } from './jobs/first-administrator.ts';
import { KeyRing } from './jobs/key-ring.ts';
import { createTokenRetention } from './jobs/retention.ts';
import { RevocationFeed } from './jobs/revocation-feed.ts';
import { Sightings } from './jobs/sightings.ts';
import { createHandlers } from './router.ts';
import { createServiceTokenStore } from './stores/service-token-store.ts';
import { createSigningKeyStore } from './stores/signing-key-store.ts';
import { createAuditStore } from './stores/audit-store.ts';
import { createTokenBlacklist } from './stores/token-blacklist.ts';
import { createUserStore } from './stores/user-store.ts';

/**
 * Puts the service together and starts it. It listens at once, so that its
 * health can be asked for; calls are taken when its database is there and up
 * to date.
 *
 * @param ending Fires when the process is to end before it is ready.
 * @param now The time; keys and tokens go by it.
 */
export async function startApp(
  config: Config,
  ending: AbortSignal,
  now: () => Date = () => new Date(),
): Promise<Startable> {
  const log = createLogger({ service: 'auth', level: config.LOG_LEVEL });
  const database = openDatabase({
    ...databaseSettings(config),
    schema: 'auth',
    client: PrismaClient,
    logger: log,
  });
  const keyRing = new KeyRing({
    environment: { signing: config.SIGNING_KEYS, publicOnly: config.PUBLIC_KEYS?.keys ?? [] },
    store: createSigningKeyStore(database.client),
    seal: createSeal(config.ENCRYPTION_KEY),
    databaseUrl: config.DATABASE_URL,
    log,
    now,
    leadMs: config.SIGNING_KEY_LEAD_MINUTES * 60_000,
    days: config.SIGNING_KEY_DAYS,
  });
  await keyRing.prepare();
  const blacklist = createTokenBlacklist(database.client);
  const revocationFeed = new RevocationFeed({ blacklist, databaseUrl: config.DATABASE_URL, log, now });
  const serviceTokens = createServiceTokenStore(database.client);
  const sightings = new Sightings(serviceTokens, log);
  const retention = createTokenRetention({ blacklist, serviceTokens, log, now });
  const users = createUserStore(database.client);
  const hasher = createPasswordHasher();
  const audit = createAuditStore(database.client);
  const denials = new DenialReporter({ send: (batch) => audit.addDenials('auth', [...batch]), log });

  const service = await serve(
    authContract,
    createHandlers({
      users,
      hasher,
      keys: keyRing.keySet,
      blacklist,
      signer: keyRing.signer,
      signerOf: (kid) => keyRing.signerOf(kid),
      keyRing,
      serviceTokens,
      sightings,
      revocationFeed,
      audit,
      now,
    }),
    {
      version: manifest.version,
      ...serverSettings(config, config.AUTH_SERVICE_URL),
      log,
      authenticate: sightings.noticing(createAuthenticate(keyRing.keySet)),
      onDenied: denials.add,
      pingDatabase: () => database.ping(),
      classify: classifyDatabaseError,
      routes: {
        '/.well-known/jwks.json': () => publishedKeys(keyRing),
      },
    },
  );
  await migrateWhenReachable({ service: 'auth', url: ownerUrl(config), logger: log, signal: ending });
  await keyRing.start();
  revocationFeed.start();
  for (const job of retention) job.start();
  await ensureAdministrator(config, { users, hasher, log });
  denials.start();
  service.ready();

  return {
    async stop() {
      await service.stop();
      await Promise.all([keyRing.stop(), revocationFeed.stop(), ...retention.map((job) => job.stop())]);
      await denials.stop();
      await database.close();
    },
  };
}

/** The public keys; none before all are known, since whoever asks takes the answer for the whole of them. */
function publishedKeys(keyRing: KeyRing): JsonAnswer {
  const body = keyRing.jwks();
  if (!body) return { status: 503, body: { reason: 'starting' } };
  return { status: 200, body, headers: { 'cache-control': `public, max-age=${keyRing.jwksMaxAge}` } };
}
