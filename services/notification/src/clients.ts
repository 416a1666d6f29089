import { authContract } from '@arcadium/contracts/auth';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { callSettings } from '@arcadium/mesh/config';
import type { ServiceToken } from '@arcadium/mesh/identity';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Config } from './config.ts';

/** The services that notification calls, as it may call them. */
export interface Clients {
  auth: MeshClient<typeof authContract, 'notification'>;
}

/** Connects to them, with the token in force; no connection is made before the first call. */
export function connectClients(
  config: Config,
  { token, log }: { token: ServiceToken; log: Logger },
): Clients {
  const common = { as: 'notification' as const, token: () => token.current, log, ...callSettings(config) };
  return { auth: connect(authContract, { ...common, url: config.AUTH_SERVICE_URL }) };
}
