import { inventoryContract } from '#contracts/inventory';
import { databaseSettings, logSettings, serverSettings, tlsSettings } from '@arcadium/mesh/config';
import { startService, type StartedService } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { openTls } from '@arcadium/mesh/tls';
import { createKeyRetention } from '@arcadium/postgres/idempotency';
import { servingOf } from '@arcadium/postgres/serving';
import { identityOf } from '../../../identity.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { migrateDatabase, openDatabase } from './database.ts';
import { createHandlers } from './router.ts';

/** Puts the service together and starts it. @param ending Fires when the process must end. */
export async function startApp(config: Config, ending: AbortSignal): Promise<StartedService> {
  const log = createLogger({ service: 'inventory', ...logSettings(config) });
  const tls = openTls({ ...tlsSettings(config), log });
  const { database, sql, close } = openDatabase(databaseSettings(config), log);
  const clients = connectClients(config, { tls, log });
  return await startService(inventoryContract, createHandlers({ database, sql, clients }), {
    version: manifest.version,
    ...serverSettings(config, config.INVENTORY_SERVICE_URL),
    tls,
    log,
    ...servingOf(sql),
    identity: identityOf(config),
    dependencies: { pricing: config.PRICING_SERVICE_URL },
    ending,
    // It accepts calls when this is done.
    prepare: (signal) => migrateDatabase(config.DATABASE_URL, log, signal),
    jobs: [createKeyRetention({ database: sql, log })],
    resources: {
      async [Symbol.asyncDispose]() {
        await clients.pricing[Symbol.asyncDispose]();
        await close();
        tls?.[Symbol.dispose]();
      },
    },
  });
}
