import { pricingContract } from '#contracts/pricing';
import { logSettings, serverSettings, tlsSettings } from '@arcadium/mesh/config';
import { startService, type StartedService } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { openTls } from '@arcadium/mesh/tls';
import manifest from '../../../package.json' with { type: 'json' };
import { identityOf } from '../../../identity.ts';
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { createHandlers } from './router.ts';

/** Puts the service together and starts it. @param ending Fires when the process must end. */
export async function startApp(config: Config, ending: AbortSignal): Promise<StartedService> {
  const log = createLogger({ service: 'pricing', ...logSettings(config) });
  const tls = openTls({ ...tlsSettings(config), log });
  const clients = connectClients(config, { tls, log });
  return await startService(pricingContract, createHandlers(clients), {
    version: manifest.version,
    ...serverSettings(config, config.PRICING_SERVICE_URL),
    tls,
    log,
    identity: identityOf(config),
    pingDatabase: async () => {},
    dependencies: { inventory: config.INVENTORY_SERVICE_URL },
    ending,
    resources: {
      async [Symbol.asyncDispose]() {
        await clients.inventory[Symbol.asyncDispose]();
        tls?.[Symbol.dispose]();
      },
    },
  });
}
