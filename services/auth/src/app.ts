import { authContract } from '@arcadium/contracts/auth';
import type { TopicOf } from '@arcadium/contracts/notification';
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
  SteadyClock,
  type ClockSources,
} from '@arcadium/mesh/config';
import {
  createAuthenticate,
  leewayMs,
  openRevocations,
  openServiceToken,
  ownRevocations,
  TokenRotation,
} from '@arcadium/mesh/identity';
import {
  DenialReporter,
  startService,
  ClockCheck,
  type JsonAnswer,
  type StartedService,
  type ReadTime,
} from '@arcadium/mesh/server';
import { createLogger, openTelemetry } from '@arcadium/mesh/telemetry';
import { openTls } from '@arcadium/mesh/tls';
import { PrismaClient } from '@arcadium/prisma/auth';
import { openDatabase } from '@arcadium/postgres/database';
import { migrateWhenReachable } from '@arcadium/postgres/migrate';
import { createOutboxRelay, createOutboxRetention } from '@arcadium/postgres/outbox';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { migrationsFolder } from '@arcadium/prisma/folders';
import { notificationOutbox, type QueuedNotification } from '@arcadium/prisma/notification-outbox';
import manifest from '../package.json' with { type: 'json' };
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { createPasswordPolicy } from './domain/password-policy.ts';
import { createPasswordHasher } from './domain/password.ts';
import { Seal } from './domain/seal.ts';
import { ensureAdministrator } from './first-administrator.ts';
import { KeyRing } from './jobs/key-ring.ts';
import { Reencryption } from './jobs/reencryption.ts';
import { createTokenRetention } from './jobs/retention.ts';
import { RevocationAnnouncer } from './jobs/revocation-announcer.ts';
import { createSessionRetention } from './jobs/session-retention.ts';
import { followSecretFiles } from './secret-files.ts';
import { Sightings } from './sightings.ts';
import { createThrottleRetention } from './jobs/throttle-retention.ts';
import { reportKeys } from './presenters/signing-key.ts';
import { revocationsAfter, sentUntil } from './procedures/revocations/list-revocations.ts';
import { createHandlers } from './router.ts';
import { loadMacKey } from './stores/sealed-secrets.ts';
import { createSigningKeyStore } from './stores/signing-key-store.ts';
import { databaseTime } from './stores/database-time.ts';
import { createStores } from './stores/stores.ts';

/**
 * Puts the service together and starts it.
 *
 * @param ending Fires when the process must end.
 * @param time The clocks that keys and tokens use.
 */
export async function startApp(
  config: Config,
  ending: AbortSignal,
  time: Pick<ClockSources, 'wall' | 'monotonic'> & { reference?: ReadTime } = {},
): Promise<StartedService> {
  await using resources = new AsyncDisposableStack();
  const clock = new SteadyClock({ ...time, hasReference: true });
  const now = () => new Date(clock.now());
  const earliest = () => new Date(clock.earliest());
  const log = createLogger({ service: 'auth', ...logSettings(config) });
  const tls = openTls({ ...tlsSettings(config), log });
  if (tls) resources.use(tls);
  resources.use(
    await openTelemetry({
      service: 'auth',
      version: manifest.version,
      log,
      tls,
      ...telemetrySettings(config, log),
    }),
  );
  const database = openDatabase({ ...databaseSettings(config), schema: 'auth', client: PrismaClient, log });
  resources.defer(() => database.close());
  const seal = new Seal(...config.ENCRYPTION_KEY);
  const reencryption = new Reencryption({ database: database.client, seal, log });
  const stores = createStores(database.client, seal);
  const { blacklist, serviceTokens, audit } = stores;
  const hasher = createPasswordHasher();
  resources.defer(() => hasher.close());
  const rotationTimes = {
    leadMs: config.SIGNING_KEY_LEAD_MINUTES * 60_000,
    days: config.SIGNING_KEY_DAYS,
  };
  const keyRing = new KeyRing({
    environment: { signing: config.SIGNING_KEYS, publicOnly: config.PUBLIC_KEYS?.keys ?? [] },
    store: createSigningKeyStore(database.client),
    seal,
    databaseUrl: database.directUrl,
    log,
    now,
    earliest,
    ...rotationTimes,
  });
  resources.defer(() => keyRing.stop());
  await keyRing.prepare();
  const announcer = new RevocationAnnouncer({
    blacklist,
    databaseUrl: database.directUrl,
    log,
    now: sentUntil(earliest),
  });
  resources.defer(() => announcer.stop());
  const endJumps = clock.onJump(() => {
    announcer.readAgain();
    keyRing.readAgain();
  });
  resources.defer(endJumps);
  const token = openServiceToken({ ...tokenSettings(config), log });
  const clients = connectClients(config, { token, tls, log });
  for (const client of Object.values(clients)) resources.use(client);
  const revocations = await openRevocations({
    source: ownRevocations({
      list: (after) => revocationsAfter(after, { blacklist, now: earliest }),
      watch: (after, signal) => announcer.follow(after, signal),
    }),
    from: 'the database',
    stateDir: stateDirOf(config, import.meta.dirname),
    clock,
    log,
  });
  resources.defer(() => revocations.stop());
  const clockCheck = new ClockCheck({
    clock,
    read: [time.reference ?? (() => databaseTime(database.client))],
    reference: 'the database',
    consequence: `tokens that this service issues expire at the wrong time, and other services refuse them if it is more than ${leewayMs / 1000} s ahead`,
    log,
  });
  resources.defer(() => clockCheck.stop());
  const sightings = new Sightings(serviceTokens, log);
  const policy = createPasswordPolicy({ leastCharacters: config.PASSWORD_MIN_LENGTH });
  const denials = new DenialReporter({ send: (batch) => audit.addOwnDenials(batch), log });
  const sql = fromPrisma(database.client, { schema: 'auth' });
  const relay = createOutboxRelay<QueuedNotification<TopicOf<'auth'>>>({
    service: 'auth',
    tables: notificationOutbox,
    database: sql,
    databaseUrl: database.directUrl,
    send: (messages, signal) => clients.notification.notifications.sendBatch.mutate({ messages }, { signal }),
    log,
    ...outboxSettings(config),
  });
  const rotation = new TokenRotation({
    token,
    exchange: (signal) => clients.auth.serviceTokens.rotate.mutate({}, { signal }),
    clock,
    log,
  });
  const handlers = createHandlers({
    ...stores,
    policy,
    hasher,
    keys: keyRing.keySet,
    signer: keyRing.signer,
    signerOf: (kid) => keyRing.signerOf(kid),
    keyRing,
    mostServiceTokens: config.SERVICE_TOKENS_MAX,
    sightings,
    announcer,
    now,
    earliest,
  });
  const authenticate = createAuthenticate(keyRing.keySet, { revocations: revocations.set, clock });
  const noticing = sightings.noticing(authenticate);
  let migrated = false;

  return await startService(authContract, handlers, {
    version: manifest.version,
    ...serverSettings(config, config.AUTH_SERVICE_URL, database.pool),
    tls,
    log,
    identity: {
      // Before the migrations there may be no table to record a token in; a later call with it does.
      authenticate: (credentials) => (migrated ? noticing(credentials) : authenticate(credentials)),
      revocations,
    },
    onDenied: denials.add,
    // Checked before such a call is read: in a flood of them, most are refused.
    rooms: { 'sessions.login': hasher.refusal, 'users.register': hasher.refusal },
    ...database.serving,
    reportSigningKeys: () => reportKeys(keyRing.keys, { now: now(), ...rotationTimes }),
    clock: clockCheck,
    dependencies: { notification: config.NOTIFICATION_SERVICE_URL },
    routes: { '/.well-known/jwks.json': () => publishedKeys(keyRing) },
    ending,
    async prepare(signal) {
      await migrateWhenReachable({
        service: 'auth',
        folder: migrationsFolder('auth'),
        ...migrationSettings(config),
        record: database.migrations,
        log,
        signal,
      });
      migrated = true;
      if (!(await loadMacKey(database.client, seal)))
        log.error(
          {},
          'stored secrets cannot be decrypted with this ENCRYPTION_KEY: second factors do not work',
        );
      clockCheck.start();
      // Nothing may be forgotten before the time is known.
      await clockCheck.compare();
      await keyRing.start();
      announcer.start();
      revocations.start();
      await revocations.loaded(signal);
      await ensureAdministrator(config, { users: stores.users, policy, hasher, now, log });
    },
    jobs: [
      ...createTokenRetention({ blacklist, serviceTokens, log, now: earliest }),
      createSessionRetention({ database: database.client, log, now: earliest }),
      createThrottleRetention({ database: database.client, log }),
      createOutboxRetention({
        database: sql,
        tables: notificationOutbox,
        log,
        ...outboxSettings(config),
        clock,
      }),
      relay,
      denials,
      rotation,
      reencryption,
      ...followSecretFiles(config, { database: database.client, seal, keyRing, reencryption, log }),
    ],
    resources: resources.move(),
  });
}

/** The public keys. Nothing before all are known, because verifiers treat the answer as complete. */
function publishedKeys(keyRing: KeyRing): JsonAnswer {
  const body = keyRing.jwks();
  if (!body) return { status: 503, body: { reason: 'starting' } };
  return { status: 200, body, headers: { 'cache-control': `public, max-age=${keyRing.jwksMaxAge}` } };
}
