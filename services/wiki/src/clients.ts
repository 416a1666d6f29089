import { authContract } from '@arcadium/contracts/auth';
import { notificationContractFor, type NotificationContractOf } from '@arcadium/contracts/notification';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { callSettings } from '@arcadium/mesh/config';
import type { ServiceToken } from '@arcadium/mesh/identity';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Config } from './config.ts';

/** The services that the wiki calls, as the wiki may call them. */
export interface Clients {
  auth: MeshClient<typeof authContract, 'wiki'>;
  notification: MeshClient<NotificationContractOf<'wiki'>, 'wiki'>;
}

/** Connects to them, with the token in force; no connection is made before the first call. */
export function connectClients(
  config: Config,
  { token, log }: { token: ServiceToken; log: Logger },
): Clients {
  const common = { as: 'wiki' as const, token: () => token.current, log, ...callSettings(config) };
  return {
    auth: connect(authContract, { ...common, url: config.AUTH_SERVICE_URL }),
    notification: connect(notificationContractFor<'wiki'>(), {
      ...common,
      url: config.NOTIFICATION_SERVICE_URL,
    }),
  };
}
