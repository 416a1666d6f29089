import { databaseFields } from '@arcadium/mesh/config';
import type { Check } from './check.ts';
import type { Context } from './context.ts';
import { failuresOf } from './database.ts';
import { databases, databasesOf, sessionIn, sessionOf, users } from './databases.ts';
import { endpointsOf } from './running.ts';

/** Connections of a process besides its pool: one to listen, and one for the health check while the pool is full. */
const besidesPool = 2;

/** The share of connections in use at which there is too little room. */
const crowded = 0.85;

/** The connections that all processes of some services use at most, at least: one LISTEN channel is counted. */
function needOf(context: Context, services: readonly string[]): number {
  const { DATABASE_POOL_MAX } = databaseFields;
  const needs = services.map((service) => {
    const replicas = endpointsOf(context, service).length;
    return replicas * (context.read(service, { DATABASE_POOL_MAX }).DATABASE_POOL_MAX + besidesPool);
  });
  return needs.reduce((sum, need) => sum + need, 0);
}

interface Room {
  /** For services: without what is reserved for superusers. */
  room: number;
  used: number;
  /** -1: no limit. */
  of_database: number;
  [column: string]: unknown;
}

async function roomIn(context: Context, place: string): Promise<Room> {
  const session = await sessionIn(context, place);
  const [row] = await session.query<Room>(
    // What kind a session of another role is, an ordinary role does not see; background processes have no role.
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS room,
       (SELECT count(*)::int FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL) AS used,
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS of_database`,
  );
  return row ?? { room: 0, used: 0, of_database: -1 };
}

export const pools: readonly Check[] = [
  {
    id: 'pools.over-max-connections',
    severity: 'error',
    title: 'PostgreSQL has a connection for each of all pools',
    remedy: 'Lower DATABASE_POOL_MAX, raise max_connections, or put a connection pooler between.',
    subjects: databases,
    look: async (context, place) => {
      const services = (await databasesOf(context)).get(place) ?? [];
      const { room } = await roomIn(context, place);
      const need = needOf(context, services);
      return need > room
        ? `the pools of ${services.join(', ')} may use ${need} connections; it has ${room} for them`
        : undefined;
    },
  },
  {
    id: 'pools.crowded',
    severity: 'warning',
    title: 'PostgreSQL has connections left',
    remedy:
      'Look for who holds them: `SELECT usename, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2`.',
    subjects: databases,
    look: async (context, place) => {
      const { room, used } = await roomIn(context, place);
      return used > room * crowded ? `${used} of ${room} connections are in use` : undefined;
    },
  },
  {
    id: 'pools.role-limit',
    severity: 'error',
    title: 'No role is limited to fewer connections than its pool',
    remedy: '`ALTER ROLE … CONNECTION LIMIT -1`, or lower DATABASE_POOL_MAX.',
    subjects: users,
    look: async (context, service) => {
      const session = await sessionOf(context, service, 'traffic');
      const [row] = await session.query<{ name: string; limit: number }>(
        'SELECT rolname AS name, rolconnlimit AS limit FROM pg_roles WHERE rolname = current_user',
      );
      const need = needOf(context, [service]);
      return row && row.limit >= 0 && row.limit < need
        ? `role "${row.name}" may have ${row.limit} connections; ${service} may use ${need}`
        : undefined;
    },
  },
  {
    id: 'pools.database-limit',
    severity: 'error',
    title: 'The database is not limited to fewer connections than all pools',
    remedy: '`ALTER DATABASE … CONNECTION LIMIT -1`, or lower DATABASE_POOL_MAX.',
    subjects: databases,
    look: async (context, place) => {
      const { of_database: limit } = await roomIn(context, place);
      const need = needOf(context, (await databasesOf(context)).get(place) ?? []);
      return limit >= 0 && limit < need
        ? `it may have ${limit} connections; services may use ${need}`
        : undefined;
    },
  },
  {
    id: 'pools.pooler',
    severity: 'error',
    title: 'LISTEN and migrations do not go through a connection pooler',
    remedy:
      'Set DATABASE_DIRECT_URL and DATABASE_OWNER_URL to PostgreSQL itself; only DATABASE_URL may lead to the pooler.',
    subjects: users,
    look: (context, service) => failuresOf(context, service, 'pooler'),
  },
];
