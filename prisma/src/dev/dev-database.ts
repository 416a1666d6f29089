import { join } from 'node:path';

import { startEmbedded } from '../embedded/embedded.ts';
import type { Logger } from '../logger.ts';
import { provision, provisionSchemas, type ProvisionedService } from '../provision/provision.ts';
import { readDevSettings, type DevSettings } from './dev-settings.ts';

/** The database of `npm run dev`, provisioned: each service finds its role, schema and database. */
export interface DevDatabase {
  /** What it is and where, in one line. */
  readonly what: string;
  /** The server's process, where it is ours. */
  readonly pid?: number;
  /** Resolves when our server has ended, with how; never, where the server is not ours. */
  readonly ended: Promise<string>;
  /** Stops the server where it is ours; resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL with its data in `.data/postgres`, or takes
 * the one that `DATABASE_URL` of the process's environment names, and makes
 * what the services need in it.
 *
 * @param root The folder that holds `prisma/` and `services/`.
 * @param logger Told what provisioning finds amiss.
 * @throws Error that says what keeps it from starting, and the setting; nothing is left running then.
 */
export async function startDevDatabase(
  root: string,
  logger: Logger,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<DevDatabase> {
  const settings = readDevSettings(environment, root);
  if (settings.kind === 'embedded') return startOurs(settings, root, logger);
  const { url, schemas } = settings;
  await provisionSchemas({ url, schemas, logger });
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
  logger: Logger,
): Promise<DevDatabase> {
  const dataDir = join(root, '.data', 'postgres');
  const server = await startEmbedded({ dataDir, port, password, persistent: true });
  try {
    await provision({ adminUrl: server.adminUrl, services, logger });
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
