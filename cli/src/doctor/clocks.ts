import { clockToleranceMs, timeOfService } from '@arcadium/mesh/server';
import { leewayMs } from '@arcadium/mesh/identity';
import type { Check } from './check.ts';
import type { Context } from './context.ts';
import { databases, sessionIn } from './databases.ts';
import { ownFacts } from './keys.ts';
import { runningOf } from './running.ts';

const setClocks = 'Let NTP (chrony, systemd-timesyncd) set the clock that is wrong.';

/** Compares another clock with this machine's. @param read Its time, in milliseconds since 1970. */
async function compare(
  context: Context,
  read: () => Promise<number>,
): Promise<{ aheadMs: number; errorMs: number }> {
  const before = context.now();
  const time = await read();
  const errorMs = (context.now() - before) / 2;
  return { aheadMs: time - (before + errorMs), errorMs };
}

async function differs(context: Context, read: () => Promise<number>): Promise<string | undefined> {
  const { aheadMs, errorMs } = await compare(context, read);
  if (Math.abs(aheadMs) - errorMs <= clockToleranceMs) return undefined;
  const seconds = Math.round(Math.abs(aheadMs) / 1000).toLocaleString('en');
  return `its clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's`;
}

export const clocks: readonly Check[] = [
  {
    id: 'clocks.service',
    severity: 'error',
    title: 'Clocks of services agree with this one',
    remedy: `${setClocks} Tokens expire at the wrong time there.`,
    subjects: ({ services }) => services,
    look: async (context, service) => {
      const endpoints = await runningOf(context, service);
      const found = await Promise.all(
        endpoints.map(async ({ url }) => {
          const [read] = timeOfService(url, context.tls());
          const signal = AbortSignal.timeout(context.patienceMs);
          const wrong = read && (await differs(context, () => read(signal)));
          return wrong === undefined ? [] : [`${url}: ${wrong}`];
        }),
      );
      return found.flat();
    },
  },
  {
    id: 'clocks.database',
    severity: 'error',
    title: 'The clock of the database agrees with this one',
    remedy: `${setClocks} Sessions, leases and the outbox use the clock of the database.`,
    subjects: databases,
    look: async (context, place) => {
      const session = await sessionIn(context, place);
      return differs(context, async () => {
        const [row] = await session.query<{ ms: number }>(
          'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
        );
        return row?.ms ?? 0;
      });
    },
  },
  {
    id: 'clocks.token-from-future',
    severity: 'error',
    title: 'No token was issued in the future',
    remedy: `${setClocks} The issuer's was ahead, or this one is behind: the token is refused until then.`,
    subjects: ({ services }) => services,
    look: (context, service) => {
      const { issuedAt } = ownFacts(context, service);
      return issuedAt > context.now() + leewayMs
        ? `its token is valid from ${new Date(issuedAt).toISOString()}`
        : undefined;
    },
  },
];
