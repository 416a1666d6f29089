import { join } from 'node:path';

import type { Logger } from '@arcadium/postgres/database';
import { startEmbedded } from '@arcadium/postgres/embedded';
import { provision, provisionSchemas, type ProvisionedService } from '@arcadium/postgres/provision';
import { readDevSettings, type DevSettings } from './dev-settings.ts';

/** The provisioned database of `npm run dev`, with the role, schema and database of each service. */
export interface DevDatabase {
  /** A description in one line. */
  readonly what: string;
  /** Process id of the server, if it is embedded. */
  readonly pid?: number;
  /** Resolves with the reason when the embedded server has ended; never for another server. */
  readonly ended: Promise<string>;
  /** Stops the embedded server; resolves when it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL with its data in `.data/postgres`, or uses the server of `DATABASE_URL` in
 * the environment, and provisions it for the services.
 *
 * @param root The folder with `prisma/` and `services/`.
 * @param log For provisioning.
 * @throws Error with the reason and the setting; nothing is left running then.
 */
export async function startDevDatabase(
  root: string,
  log: Logger,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<DevDatabase> {
  const settings = readDevSettings(environment, root);
  if (settings.kind === 'embedded') return startOurs(settings, root, log);
  const { url, schemas } = settings;
  await provisionSchemas({ url, schemas, log });
  return {
    what: `using the PostgreSQL of DATABASE_URL, schemas ${schemas.join(', ')}`,
    ended: new Promise(() => {}),
    stop: async () => {},
  };
}

type Embedded = Extract<DevSettings, { kind: 'embedded' }>;

async function startOurs(
  { port, password, services }: Embedded,
  root: string,
  log: Logger,
): Promise<DevDatabase> {
  const dataDir = join(root, '.data', 'postgres');
  const portSetting = 'POSTGRES_PORT in .env';
  const server = await startEmbedded({ dataDir, port, portSetting, password, persistent: true });
  try {
    await provision({ adminUrl: server.adminUrl, services, log });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    what: `PostgreSQL is ready on 127.0.0.1:${port}, schemas ${names(services)}`,
    pid: server.pid,
    ended: server.exited,
    stop: () => server.stop(),
  };
}

function names(services: readonly ProvisionedService[]): string {
  return (
    services.map((service) => service.name).join(', ') || '(none: no services/*/.env has a DATABASE_URL)'
  );
}
