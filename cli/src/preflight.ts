import { once } from 'node:events';
import { createServer } from 'node:net';
import { endpoints, envFileName, portOf, type Endpoints } from '@arcadium/mesh/config';
import { serviceNames, serviceUrls, settingsOf, urlSetting } from './workspace.ts';

// Before `npm run dev` starts anything: does everybody look for a service where
// it listens, and is every port free? Says what is not so, and by what setting
// to change it; exit code 1.

interface Need {
  port: number;
  what: string;
  change: string;
}

/** The files that are read, as they are called in this environment. */
const file = envFileName(process.env);
const problems = portProblems();
if (problems.length === 0) {
  for (const { port, what, change } of needs()) {
    if (!(await isFree(port))) problems.push(`Port ${port} (${what}) is taken. To use another: ${change}`);
  }
}
if (problems.length > 0) {
  process.stderr.write(`The mesh cannot start:\n${problems.map((line) => `  - ${line}\n`).join('')}`);
  process.exit(1);
}

/** Settings that do not go together: a service that listens where nobody looks for it, or is looked for where it is not. */
function portProblems(): string[] {
  const shared = settingsOf();
  return serviceNames().flatMap((name) => {
    const setting = urlSetting(name);
    const url = shared[setting];
    if (url === undefined)
      return [`${setting} is not set in ${file}: ${name} would run, and nobody would find it`];
    const { data: urls, error } = endpoints.safeParse(url);
    if (!urls) return [`${setting} in ${file}: ${error.issues[0]?.message ?? ''}`];
    if (urls.map(portOf).includes(listeningPort(name, urls))) return [];
    const { PORT } = settingsOf(`services/${name}`);
    return [
      `PORT in services/${name}/${file} is ${PORT}, and ${setting} in ${file} says ${urls.join(', ')}: make them the same`,
    ];
  });
}

/** Where the one process listens that is started here, whatever other endpoints there are. */
function listeningPort(name: string, urls: Endpoints): number {
  const { PORT } = settingsOf(`services/${name}`);
  return PORT === undefined ? portOf(urls[0]) : Number(PORT);
}

function needs(): Need[] {
  const services = [...serviceUrls()].map(([name, urls]) => ({
    port: listeningPort(name, urls),
    what: name,
    change: `set ${urlSetting(name)} in ${file}`,
  }));
  if (process.env['DATABASE_URL']) return services;
  const { DATABASE_ADMIN_URL: admin = '' } = settingsOf('prisma');
  return [
    {
      port: Number(URL.parse(admin)?.port || 54_320),
      what: 'PostgreSQL',
      change:
        'change it in DATABASE_ADMIN_URL in prisma/.env, and in DATABASE_URL and DATABASE_OWNER_URL in services/*/.env',
    },
    ...services,
  ];
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
