import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readEnvFile } from '@arcadium/mesh/config';
import { root, serviceUrls, urlSetting } from './workspace.ts';

// Before `npm run dev` starts anything: is every port that it needs free? Says
// which is not, and by what setting to change it; exit code 1.

interface Need {
  port: number;
  what: string;
  change: string;
}

const taken: string[] = [];
for (const { port, what, change } of needs()) {
  if (!(await isFree(port))) taken.push(`Port ${port} (${what}) is taken. To use another: ${change}`);
}
if (taken.length > 0) {
  process.stderr.write(`The mesh cannot start:\n${taken.map((line) => `  - ${line}\n`).join('')}`);
  process.exit(1);
}

function needs(): Need[] {
  const services = [...serviceUrls()].map(([name, url]) => ({
    port: listeningPort(name, url),
    what: name,
    change: `set ${urlSetting(name)} in .env, and the same port as PORT in services/${name}/.env`,
  }));
  if (process.env['DATABASE_URL']) return services;
  const file = readEnvFile(join(root, 'prisma', '.env'));
  const admin = process.env['DATABASE_ADMIN_URL'] ?? file['DATABASE_ADMIN_URL'] ?? '';
  return [
    {
      port: Number(new URL(admin).port || 54_320),
      what: 'PostgreSQL',
      change: 'change it in DATABASE_ADMIN_URL in prisma/.env, and in DATABASE_URL in services/*/.env',
    },
    ...services,
  ];
}

/** Where a service will listen: its own PORT, and without one where the others look for it. */
function listeningPort(service: string, url: string): number {
  const { PORT } = readEnvFile(join(root, 'services', service, '.env'));
  const { port, protocol } = new URL(url);
  return Number(PORT || port || (protocol === 'https:' ? 443 : 80));
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
