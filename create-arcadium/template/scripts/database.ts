import { join } from 'node:path';
import { startEmbedded, type EmbeddedPostgres } from '@arcadium/postgres/embedded';
import { provision } from '@arcadium/postgres/provision';
import { root, settingsOf } from './services.ts';

/**
 * Starts the PostgreSQL from npm, with its data in `.data/postgres`, and creates the role and the schema of inventory;
 * nothing if `DATABASE_URL` of inventory leads to another PostgreSQL.
 */
export async function startDatabase(): Promise<EmbeddedPostgres | undefined> {
  const settings = settingsOf('inventory');
  const { DATABASE_URL: url = '', POSTGRES_PORT: port = '', POSTGRES_PASSWORD: password = '' } = settings;
  if (URL.parse(url)?.host !== `127.0.0.1:${port}`) return undefined;
  const server = await startEmbedded({
    dataDir: join(root, '.data', 'postgres'),
    port: Number(port),
    portSetting: 'POSTGRES_PORT in .env',
    password,
    persistent: true,
  });
  const log = { info() {}, warn: console.warn, error: console.error };
  await provision({ adminUrl: server.adminUrl, services: [{ name: 'inventory', url }], log });
  return server;
}
