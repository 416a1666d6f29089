import { inventoryContract } from '#contracts/inventory';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { callSettings } from '@arcadium/mesh/config';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Tls } from '@arcadium/mesh/tls';
import type { Config } from './config.ts';

/** The services that pricing calls. */
export interface Clients {
  inventory: MeshClient<typeof inventoryContract, 'pricing'>;
}

/** Creates the clients. No connection is opened before the first call. */
export function connectClients(config: Config, { tls, log }: { tls: Tls | undefined; log: Logger }): Clients {
  const common = { as: 'pricing' as const, token: config.SERVICE_TOKEN, tls, log, ...callSettings(config) };
  return { inventory: connect(inventoryContract, { ...common, url: config.INVENTORY_SERVICE_URL }) };
}
