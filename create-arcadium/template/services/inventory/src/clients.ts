import { pricingContract } from '#contracts/pricing';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { callSettings } from '@arcadium/mesh/config';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Tls } from '@arcadium/mesh/tls';
import type { Config } from './config.ts';

/** The services that inventory calls. */
export interface Clients {
  pricing: MeshClient<typeof pricingContract, 'inventory'>;
}

/** Creates the clients. No connection is opened before the first call. */
export function connectClients(config: Config, { tls, log }: { tls: Tls | undefined; log: Logger }): Clients {
  const common = { as: 'inventory' as const, token: config.SERVICE_TOKEN, tls, log, ...callSettings(config) };
  return { pricing: connect(pricingContract, { ...common, url: config.PRICING_SERVICE_URL }) };
}
