import { once } from 'node:events';
import { createServer } from 'node:net';
import { endpoints, envFileName, portOf, type Endpoints } from '@arcadium/mesh/config';
import {
  otlpPort,
  serviceNames,
  serviceUrls,
  settingsIn,
  thisCheckout,
  urlSetting,
  type Checkout,
} from '../workspace.ts';

/** A port that the mesh of a checkout listens on. */
export interface PortNeed {
  readonly port: number;
  /** Who listens: a service, or words. */
  readonly what: string;
  /** How to choose another one. */
  readonly change: string;
}

/** Addresses of `localhost`. Callers try both, so a program that uses one of them is in the way. */
const addresses = ['127.0.0.1', '::1'];

/**
 * Problems that prevent a start, one line each, with the setting to change: a service that listens where the
 * others do not look for it, or a port in use.
 */
export async function findObstacles(): Promise<string[]> {
  const problems = serviceNames().flatMap((name) => addressProblem(thisCheckout, name) ?? []);
  if (problems.length > 0) return problems;
  const lines = await Promise.all(
    portNeeds(thisCheckout).map(async (need) => {
      const taken = await whereTaken(need.port);
      return taken === undefined
        ? []
        : [
            `Port ${need.port} (${need.what}) is taken${taken}. Stop the program that uses it, or set ${need.change}`,
          ];
    }),
  );
  return lines.flat();
}

/** A contradiction in the settings of a service: it does not listen where the others look for it. */
export function addressProblem(checkout: Checkout, name: string): string | undefined {
  const file = envFileName(checkout.environment);
  const setting = urlSetting(name);
  const url = settingsIn(checkout)[setting];
  if (url === undefined)
    return `${setting} is not set in ${file}, and services/${name}/src/config.ts has no default for it: the others would not find ${name}`;
  const { data: urls, error } = endpoints.safeParse(url);
  if (!urls) return `${setting} in ${file}: ${error.issues[0]?.message ?? ''}`;
  const { PORT } = settingsIn(checkout, `services/${name}`);
  // If PORT is not a number, the service itself reports it.
  if (PORT !== undefined && !/^\d+$/.test(PORT)) return undefined;
  if (urls.map(portOf).includes(listeningPort(checkout, name, urls))) return undefined;
  return `PORT in services/${name}/${file} is ${PORT}, and ${setting} in ${file} says ${urls.join(', ')}: make them the same`;
}

/** The port of the process that is started here, regardless of other endpoints. */
function listeningPort(checkout: Checkout, name: string, urls: Endpoints): number {
  const { PORT } = settingsIn(checkout, `services/${name}`);
  return PORT === undefined ? portOf(urls[0]) : Number(PORT);
}

/** The ports that `npm run dev` uses. @throws ConfigError for addresses that are not URLs. */
export function portNeeds(checkout: Checkout): PortNeed[] {
  const file = envFileName(checkout.environment);
  const services = [...serviceUrls(checkout)].map(([name, urls]) => ({
    port: listeningPort(checkout, name, urls),
    what: name,
    change: `another port in ${urlSetting(name)} in ${file}`,
  }));
  const otlp = {
    port: otlpPort(checkout),
    what: 'traces and logs for the dashboard',
    change: `another port as OTLP_PORT in services/dashboard/${file}`,
  };
  const listening = [...services, otlp].filter(({ port }) => Number.isInteger(port));
  if (checkout.environment['DATABASE_URL']) return listening;
  const { DATABASE_ADMIN_URL: admin = '' } = settingsIn(checkout, 'prisma');
  const port = Number(URL.parse(admin)?.port);
  return [{ port, what: 'PostgreSQL', change: `another port as POSTGRES_PORT in ${file}` }, ...listening];
}

/**
 * Where another program has a port of this machine: words to add, such as ` on ::1`; `undefined` if it is free.
 */
export async function whereTaken(port: number): Promise<string | undefined> {
  const taken = await addressesTaken(port);
  if (taken.length === 0) return undefined;
  return taken.length < addresses.length ? ` on ${taken.join(', ')}` : '';
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
