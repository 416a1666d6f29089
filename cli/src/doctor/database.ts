import { extensionNames, readRoom, type FailedSession } from '@arcadium/postgres/inspect';
import type { Check } from './check.ts';
import { Needs } from './needs.ts';
import type { Context } from './context.ts';
import {
  databases,
  databasesOf,
  finderOf,
  isAsleep,
  roleKinds,
  schemaSession,
  sessionIn,
  sessionOf,
  tryConnect,
  urlOf,
  users,
} from './databases.ts';

/** Longest wait for a lock that is not worth a word, in seconds. */
const lockPatienceSeconds = 1;

/** Why a service's connections fail in a way, once for each reason. @throws Needs */
export async function failuresOf(
  context: Context,
  service: string,
  kind: FailedSession['failed'],
): Promise<string[]> {
  const opened = await Promise.all(roleKinds.map((role) => tryConnect(context, service, role)));
  const failed = opened.filter((one) => 'failed' in one);
  const reasons = failed.flatMap((one) => (one.failed === kind ? [one.reason] : []));
  // A connection that fails otherwise says nothing of this.
  if (failed[0] && reasons.length === 0 && kind !== 'unreachable')
    throw new Needs(finderOf[failed[0].failed]);
  return [...new Set(reasons)];
}

export const database: readonly Check[] = [
  {
    id: 'database.unreachable',
    severity: 'error',
    title: 'PostgreSQL answers',
    remedy: 'Start it (`npm run dev` starts the embedded one), or correct host and port of DATABASE_URL.',
    subjects: databases,
    look: async (context, place) => {
      const services = (await databasesOf(context)).get(place) ?? [];
      const all = await Promise.all(
        services.map((service) => failuresOf(context, service, 'unreachable').catch(() => [])),
      );
      const [reason] = all.flat();
      if (reason === undefined) return undefined;
      if (await isAsleep(context, place)) throw new Needs('services.none-running');
      return `${reason}; it is the database of ${services.join(', ')}`;
    },
  },
  {
    id: 'database.urls-differ',
    severity: 'error',
    title: 'All URLs of a service name one database',
    remedy: 'Make host and database of DATABASE_URL, DATABASE_DIRECT_URL and DATABASE_OWNER_URL the same.',
    subjects: users,
    look: (context, service) => {
      const [url, ownerUrl] = [urlOf(context, service, 'traffic'), urlOf(context, service, 'owner')];
      try {
        readRoom({ name: service, url, ownerUrl });
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  },
  {
    id: 'database.missing',
    severity: 'error',
    title: 'The database exists',
    remedy:
      'Run provisioning: `npm run dev` does it for the embedded PostgreSQL, else `npm run provision -w prisma`.',
    subjects: users,
    look: (context, service) => failuresOf(context, service, 'database'),
  },
  {
    id: 'database.schema-missing',
    severity: 'error',
    title: 'Each service has its schema',
    remedy:
      'Run provisioning: `npm run dev` does it for the embedded PostgreSQL, else `npm run provision -w prisma`.',
    subjects: users,
    look: async (context, service) => {
      try {
        await schemaSession(context, service, 'owner');
        return undefined;
      } catch (error) {
        if (error instanceof Needs && error.check === 'database.schema-missing')
          return `schema "${service}" does not exist`;
        throw error;
      }
    },
  },
  {
    id: 'database.encoding',
    severity: 'error',
    title: 'The database stores all characters',
    remedy: 'Restore a backup into a database with ENCODING UTF8; provisioning creates it so.',
    subjects: databases,
    look: async (context, place) => {
      const session = await sessionIn(context, place);
      const [row] = await session.query<{ encoding: string }>(
        'SELECT pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = current_database()',
      );
      return row?.encoding === 'UTF8' ? undefined : `its encoding is ${row?.encoding}, not UTF8`;
    },
  },
  {
    id: 'database.read-only',
    severity: 'error',
    title: 'The database takes writes',
    remedy: 'Promote the standby or name the primary in the URL; reset default_transaction_read_only.',
    subjects: databases,
    look: async (context, place) => {
      const session = await sessionIn(context, place);
      const [row] = await session.query<{ standby: boolean; read_only: string }>(
        `SELECT pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only') AS read_only`,
      );
      if (row?.standby) return 'it is a standby, which takes no writes';
      return row?.read_only === 'on' ? 'default_transaction_read_only is on' : undefined;
    },
  },
  {
    id: 'database.extension-missing',
    severity: 'error',
    title: 'Extensions are in the schema extensions',
    remedy:
      'Run provisioning, which creates and moves them; some servers need a package (postgresql-contrib).',
    subjects: databases,
    look: async (context, place) => {
      const session = await sessionIn(context, place);
      const rows = await session.query<{ name: string }>(
        `SELECT extname AS name FROM pg_extension JOIN pg_namespace AS schema ON schema.oid = extnamespace
         WHERE schema.nspname = 'extensions'`,
      );
      const there = new Set(rows.map(({ name }) => name));
      return extensionNames
        .filter((name) => !there.has(name))
        .map((name) => `${name} is not in the schema extensions`);
    },
  },
  {
    id: 'database.invalid-index',
    severity: 'warning',
    title: 'All indexes are valid',
    remedy: 'Run `REINDEX INDEX CONCURRENTLY`, or drop the index: it costs writes and helps no query.',
    subjects: users,
    look: async (context, service) => {
      const session = await schemaSession(context, service, 'owner');
      const rows = await session.query<{ name: string }>(
        `SELECT indexrelid::regclass::text AS name FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
         WHERE NOT indisvalid AND relnamespace = $1::regnamespace`,
        [service],
      );
      return rows.map(({ name }) => `index ${name} is invalid: building it failed`);
    },
  },
  {
    id: 'database.waiting-for-lock',
    severity: 'warning',
    title: 'No statement waits for a lock',
    remedy:
      'Look for the session that holds it: `SELECT pg_blocking_pids(<pid>)`. End a forgotten transaction.',
    subjects: users,
    look: async (context, service) => {
      const session = await sessionOf(context, service, 'traffic');
      // A role sees what its own sessions wait for.
      const rows = await session.query<{ pid: number; seconds: number; by: number[] }>(
        `SELECT pid, extract(epoch FROM now() - query_start)::int AS seconds, pg_blocking_pids(pid) AS by
         FROM pg_stat_activity WHERE usename = current_user AND wait_event_type = 'Lock'
           AND now() - query_start > make_interval(secs => $1)`,
        [lockPatienceSeconds],
      );
      return rows.map(
        ({ pid, seconds, by }) =>
          `session ${pid} has waited for a lock of session ${by.join(', ')} for ${seconds} s`,
      );
    },
  },
];
