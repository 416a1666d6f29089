import { once } from 'node:events';
import { createServer } from 'node:net';
import { endpoints, envFileName, portOf, type Endpoints } from '@arcadium/mesh/config';
import { otlpPort, serviceNames, serviceUrls, settingsOf, urlSetting } from '../workspace.ts';

interface Need {
  port: number;
  what: string;
  change: string;
}

/** Addresses of `localhost`. Callers try both, so a program that uses one of them is in the way. */
const addresses = ['127.0.0.1', '::1'];

/**
 * Problems that prevent a start, one line each, with the setting to change: a service that listens where the
 * others do not look for it, or a port in use.
 */
export async function findObstacles(): Promise<string[]> {
  const problems = portProblems();
  if (problems.length > 0) return problems;
  const lines = await Promise.all(
    needs().map(async ({ port, what, change }) => {
      const taken = await addressesTaken(port);
      const where = taken.length < addresses.length ? ` on ${taken.join(', ')}` : '';
      return taken.length > 0
        ? [`Port ${port} (${what}) is taken${where}. Stop the program that uses it, or set ${change}`]
        : [];
    }),
  );
  return lines.flat();
}

/** Contradictory settings: a service that does not listen where the others look for it. */
function portProblems(): string[] {
  const file = envFileName(process.env);
  const shared = settingsOf();
  return serviceNames().flatMap((name) => {
    const setting = urlSetting(name);
    const url = shared[setting];
    if (url === undefined) {
      return [
        `${setting} is not set in ${file}, and services/${name}/src/config.ts has no default for it: the others would not find ${name}`,
      ];
    }
    const { data: urls, error } = endpoints.safeParse(url);
    if (!urls) return [`${setting} in ${file}: ${error.issues[0]?.message ?? ''}`];
    const { PORT } = settingsOf(`services/${name}`);
    // If PORT is not a number, the service itself reports it.
    if (PORT !== undefined && !/^\d+$/.test(PORT)) return [];
    if (urls.map(portOf).includes(listeningPort(name, urls))) return [];
    return [
      `PORT in services/${name}/${file} is ${PORT}, and ${setting} in ${file} says ${urls.join(', ')}: make them the same`,
    ];
  });
}

/** The port of the process that is started here, regardless of other endpoints. */
function listeningPort(name: string, urls: Endpoints): number {
  const { PORT } = settingsOf(`services/${name}`);
  return PORT === undefined ? portOf(urls[0]) : Number(PORT);
}

function needs(): Need[] {
  const file = envFileName(process.env);
  const services = [...serviceUrls()].map(([name, urls]) => ({
    port: listeningPort(name, urls),
    what: name,
    change: `another port in ${urlSetting(name)} in ${file}`,
  }));
  const otlp = {
    port: otlpPort(),
    what: 'traces and logs for the dashboard',
    change: `another port as OTLP_PORT in services/dashboard/${file}`,
  };
  const listening = [...services, otlp].filter(({ port }) => Number.isInteger(port));
  if (process.env['DATABASE_URL']) return listening;
  const { DATABASE_ADMIN_URL: admin = '' } = settingsOf('prisma');
  const port = Number(URL.parse(admin)?.port);
  return [{ port, what: 'PostgreSQL', change: `another port as POSTGRES_PORT in ${file}` }, ...listening];
}

async function addressesTaken(port: number): Promise<string[]> {
  const free = await Promise.all(addresses.map((address) => isFree(port, address)));
  return addresses.filter((_, index) => !free[index]);
}

async function isFree(port: number, address: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, address);
    await once(server, 'listening');
    return true;
  } catch (error) {
    // A machine without IPv6 cannot listen on ::1.
    return (
      error instanceof Error &&
      'code' in error &&
      ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(String(error.code))
    );
  } finally {
    server.close();
  }
}
