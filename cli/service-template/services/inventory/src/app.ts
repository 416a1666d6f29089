import { inventoryContract } from '@arcadium/contracts/inventory';
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
import { createKeyRetention } from '@arcadium/postgres/idempotency';
import { migrateWhenReachable } from '@arcadium/postgres/migrate';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { migrationsFolder } from '@arcadium/prisma/folders';
import { PrismaClient } from '@arcadium/prisma/inventory';
import manifest from '../package.json' with { type: 'json' };
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { createHandlers } from './router.ts';

/** Puts the service together and starts it. @param ending Fires when the process must end. */
export async function startApp(config: Config, ending: AbortSignal): Promise<StartedService> {
  await using resources = new AsyncDisposableStack();
  const log = createLogger({ service: 'inventory', ...logSettings(config) });
  const tls = openTls({ ...tlsSettings(config), log });
  if (tls) resources.use(tls);
  resources.use(
    await openTelemetry({
      service: 'inventory',
      version: manifest.version,
      log,
      tls,
      ...telemetrySettings(config, log),
    }),
  );
  const database = openDatabase({
    ...databaseSettings(config),
    schema: 'inventory',
    client: PrismaClient,
    log,
  });
  resources.defer(() => database.close());
  const sql = fromPrisma(database.client, { schema: 'inventory' });
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
  return await startService(inventoryContract, createHandlers({ database: database.client, sql }), {
    version: manifest.version,
    ...serverSettings(config, config.INVENTORY_SERVICE_URL, database.pool),
    tls,
    log,
    ...membership.serving,
    ...database.serving,
    dependencies: { auth: membership.authProbe },
    ending,
    prepare: (signal) =>
      Promise.all([
        migrateWhenReachable({
          service: 'inventory',
          folder: migrationsFolder('inventory'),
          ...migrationSettings(config),
          record: database.migrations,
          log,
          signal,
        }),
        membership.start(signal),
      ]),
    jobs: [createKeyRetention({ database: sql, log })],
    resources: resources.move(),
  });
}
