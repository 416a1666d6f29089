import { portOf } from '@arcadium/mesh/config';
import { portNeeds, whereTaken } from '../dev/preflight.ts';
import type { Check } from './check.ts';
import { Needs } from './needs.ts';
import { valid, type Context } from './context.ts';
import { databases, tryConnect, users } from './databases.ts';
import { answersOf, anyRuns, endpointsOf } from './running.ts';

/** The ports of this machine that the mesh uses. @throws Needs */
function needs(context: Context) {
  return context.once('port needs', () =>
    valid(() => portNeeds(context.checkout), 'environment.address').filter(({ port }) =>
      Number.isInteger(port),
    ),
  );
}

/** Whether what has the port is what it is for, or cannot be another program of this machine. */
async function isOurs(context: Context, what: string): Promise<boolean> {
  if (context.services.includes(what)) {
    if (!endpointsOf(context, what).some((url) => isThisMachine(new URL(url).hostname))) return true;
    const answers = await answersOf(context, what);
    // A service that hangs has its port, too.
    const mayHang = await anyRuns(context);
    return answers.every(({ kind }) => kind === 'service' || (kind === 'none' && mayHang));
  }
  if (what === 'PostgreSQL') {
    const opened = await Promise.all(
      (await users(context)).map((service) => tryConnect(context, service, 'traffic').catch(() => undefined)),
    );
    // A PostgreSQL that refuses is one.
    return opened.some((one) => one && !('failed' in one && one.failed === 'unreachable'));
  }
  return isOurs(context, 'dashboard');
}

export const ports: readonly Check[] = [
  {
    id: 'ports.taken',
    severity: 'error',
    title: 'No other program has a port of the mesh',
    remedy: 'Stop the program, or choose another port in the settings.',
    look: async (context) => {
      const found = await Promise.all(
        needs(context).map(async ({ port, what, change }) => {
          if (await isOurs(context, what)) return [];
          const taken = await whereTaken(port);
          return taken === undefined
            ? []
            : [`Port ${port} (${what}) is taken${taken} by another program; choose ${change}`];
        }),
      );
      return found.flat();
    },
  },
  {
    id: 'ports.other-service',
    severity: 'error',
    title: 'At the address of each service is that service',
    remedy: 'Correct the …_SERVICE_URL of the service.',
    subjects: ({ services }) => services,
    look: async (context, service) =>
      (await answersOf(context, service)).flatMap((answer) =>
        answer.kind === 'service' && answer.report.service !== service
          ? [`at ${answer.url} is ${answer.report.service}`]
          : [],
      ),
  },
  {
    id: 'ports.used-twice',
    severity: 'error',
    title: 'Each service has an address of its own',
    remedy: 'Give each service another port in its …_SERVICE_URL.',
    look: (context) => {
      const all = context.services.flatMap((service) => {
        try {
          return endpointsOf(context, service).map((url) => ({ service, url }));
        } catch (error) {
          if (error instanceof Needs) return [];
          throw error;
        }
      });
      const by = Map.groupBy(all, ({ url }) => `${new URL(url).hostname}:${portOf(url)}`);
      return [...by]
        .filter(([, those]) => those.length > 1)
        .map(
          ([place, those]) =>
            `${place} is the address of ${those.map(({ service }) => service).join(' and ')}`,
        );
    },
  },
  {
    id: 'ports.database-twice',
    severity: 'error',
    title: 'PostgreSQL and services have different ports',
    remedy: 'Give the service another port in its …_SERVICE_URL, or set POSTGRES_PORT.',
    subjects: databases,
    look: (context, place) => {
      const [, host, port] = /^(.*):(\d+)\//.exec(place) ?? [];
      const same = context.services.filter((service) => {
        try {
          return endpointsOf(context, service).some(
            (url) =>
              isThisMachine(new URL(url).hostname) && isThisMachine(host) && portOf(url) === Number(port),
          );
        } catch (error) {
          if (error instanceof Needs) return false;
          throw error;
        }
      });
      return same.map((service) => `port ${port} is also that of ${service}`);
    },
  },
];

/** Whether a host of a URL is this machine. */
export function isThisMachine(host = ''): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(host);
}
