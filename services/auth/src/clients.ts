import { authContract } from '@arcadium/contracts/auth';
import { notificationContractFor, type NotificationContractOf } from '@arcadium/contracts/notification';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { callSettings } from '@arcadium/mesh/config';
import type { ServiceToken } from '@arcadium/mesh/identity';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Tls } from '@arcadium/mesh/tls';
import type { Config } from './config.ts';

/** Clients of the services that auth calls. */
export interface Clients {
  /** Itself or another replica: auth renews its own token like every service. */
  auth: MeshClient<typeof authContract, 'auth'>;
  notification: MeshClient<NotificationContractOf<'auth'>, 'auth'>;
}

/** Creates the clients, with the token in force. No connection is opened before the first call. */
export function connectClients(
  config: Config,
  { token, tls, log }: { token: ServiceToken; tls?: Tls | undefined; log: Logger },
): Clients {
  const common = { as: 'auth' as const, token: () => token.current, tls, log, ...callSettings(config) };
  return {
    auth: connect(authContract, { ...common, url: config.AUTH_SERVICE_URL }),
    notification: connect(notificationContractFor<'auth'>(), {
      ...common,
      url: config.NOTIFICATION_SERVICE_URL,
    }),
  };
}
