import { notificationContract } from '@arcadium/contracts/notification';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { callSettings } from '@arcadium/mesh/config';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Config } from './config.ts';

/** The services that auth calls, as auth may call them. */
export interface Clients {
  notification: MeshClient<typeof notificationContract, 'auth'>;
}

/** Connects to them; no connection is made before the first call. */
export function connectClients(config: Config, log: Logger): Clients {
  const common = { as: 'auth' as const, token: config.SERVICE_TOKEN, log, ...callSettings(config) };
  return {
    notification: connect(notificationContract, { ...common, url: config.NOTIFICATION_SERVICE_URL }),
  };
}
