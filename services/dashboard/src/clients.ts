import { authContract } from '@arcadium/contracts/auth';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { callSettings } from '@arcadium/mesh/config';
import type { ServiceToken } from '@arcadium/mesh/identity';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Tls } from '@arcadium/mesh/tls';
import type { Config } from './config.ts';

/** Clients of the services that the dashboard calls. */
export interface Clients {
  auth: MeshClient<typeof authContract, 'dashboard'>;
}

/** Creates the clients, with the token in force. No connection is opened before the first call. */
export function connectClients(
  config: Config,
  { token, tls, log }: { token: ServiceToken; tls?: Tls | undefined; log: Logger },
): Clients {
  const common = { as: 'dashboard' as const, token: () => token.current, tls, log, ...callSettings(config) };
  return { auth: connect(authContract, { ...common, url: config.AUTH_SERVICE_URL }) };
}
