import { readRights, roleSettings, trafficRights } from '@arcadium/postgres/inspect';
import type { Check } from './check.ts';
import { Needs } from './needs.ts';
import type { Context } from './context.ts';
import { failuresOf } from './database.ts';
import { databases, roleKinds, roomOf, schemaSession, sessionIn, sessionOf, users } from './databases.ts';

const provision =
  'Run provisioning: `npm run dev` does it for the embedded PostgreSQL, else `npm run provision -w prisma`.';

/** A database where one role does everything, which is not managed here. @throws Needs */
function hasTwoRoles(context: Context, service: string): boolean {
  const { owner, traffic } = roomOf(context, service);
  return owner.name !== traffic.name;
}

export const roles: readonly Check[] = [
  {
    id: 'roles.login',
    severity: 'error',
    title: 'The roles of each service can log in',
    remedy: `${provision} It creates roles, and gives them the passwords of the URLs.`,
    subjects: users,
    look: (context, service) => failuresOf(context, service, 'login'),
  },
  {
    id: 'roles.connect',
    severity: 'error',
    title: 'The roles of each service may connect to its database',
    remedy: provision,
    subjects: users,
    look: (context, service) => failuresOf(context, service, 'connect'),
  },
  {
    id: 'roles.not-owner',
    severity: 'error',
    title: 'The owner role of each service can migrate its schema',
    remedy: `${provision} It makes the role of DATABASE_OWNER_URL the owner.`,
    subjects: users,
    look: async (context, service) => {
      const session = await schemaSession(context, service, 'owner');
      const rights = await session.use((client) => readRights(client, service));
      return rights?.may_use && rights.may_create
        ? undefined
        : `role "${roomOf(context, service).owner.name}" may not change schema "${service}"`;
    },
  },
  {
    id: 'roles.no-usage',
    severity: 'error',
    title: 'The traffic role of each service may use its schema',
    remedy: provision,
    subjects: users,
    look: async (context, service) => {
      const session = await schemaSession(context, service, 'traffic');
      const rights = await session.use((client) => readRights(client, service));
      return rights?.may_use
        ? undefined
        : `role "${roomOf(context, service).traffic.name}" may not use schema "${service}"`;
    },
  },
  {
    id: 'roles.missing-grant',
    severity: 'error',
    title: 'The traffic role of each service may read and write all of its tables',
    remedy: `${provision} Tables that another role than the owner has created are among the causes.`,
    subjects: users,
    look: async (context, service) => {
      const session = await schemaSession(context, service, 'traffic');
      const rows = await session.query<{ name: string; missing: string }>(
        `SELECT relname AS name, string_agg(wanted, ', ') AS missing
         FROM pg_class, unnest($2::text[]) AS wanted
         WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND relname <> '_prisma_migrations'
           AND NOT has_table_privilege(pg_class.oid, wanted)
         GROUP BY relname ORDER BY relname`,
        [service, trafficRights.TABLES.split(', ')],
      );
      return rows.map(({ name, missing }) => `table ${name}: no right to ${missing}`);
    },
  },
  {
    id: 'roles.history-writable',
    severity: 'warning',
    title: 'Only the owner role writes the history of migrations',
    remedy: provision,
    subjects: users,
    look: async (context, service) => {
      if (!hasTwoRoles(context, service)) return undefined;
      const session = await schemaSession(context, service, 'traffic');
      const [row] = await session.query<{ writable: boolean }>(
        `SELECT has_table_privilege(pg_class.oid, 'INSERT, UPDATE, DELETE') AS writable FROM pg_class
         WHERE relnamespace = $1::regnamespace AND relname = '_prisma_migrations'`,
        [service],
      );
      return row?.writable
        ? `role "${roomOf(context, service).traffic.name}" may write _prisma_migrations`
        : undefined;
    },
  },
  {
    id: 'roles.too-powerful',
    severity: 'warning',
    title: 'The traffic role of each service has no rights over the server',
    remedy: '`ALTER ROLE … NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS NOREPLICATION`.',
    subjects: users,
    look: async (context, service) => {
      const session = await sessionOf(context, service, 'traffic');
      const [row] = await session.query<Record<string, boolean>>(
        `SELECT rolsuper AS "SUPERUSER", rolcreaterole AS "CREATEROLE", rolcreatedb AS "CREATEDB",
           rolbypassrls AS "BYPASSRLS", rolreplication AS "REPLICATION"
         FROM pg_roles WHERE rolname = current_user`,
      );
      const held = Object.entries(row ?? {}).flatMap(([right, has]) => (has ? [right] : []));
      return held.length === 0
        ? undefined
        : `role "${roomOf(context, service).traffic.name}" has ${held.join(', ')}`;
    },
  },
  {
    id: 'roles.reads-another-schema',
    severity: 'error',
    title: 'A role can use no schema but its own',
    remedy: '`REVOKE ALL ON SCHEMA … FROM …`: a service calls another one, and does not read its tables.',
    subjects: users,
    look: async (context, service) => {
      if (!hasTwoRoles(context, service)) return undefined;
      const others = (await users(context)).filter((name) => name !== service);
      const session = await sessionOf(context, service, 'traffic');
      const rows = await session.query<{ name: string }>(
        `SELECT nspname AS name FROM pg_namespace
         WHERE nspname = ANY ($1::text[]) AND has_schema_privilege(oid, 'USAGE') ORDER BY nspname`,
        [others],
      );
      return rows.map(
        ({ name }) => `role "${roomOf(context, service).traffic.name}" may use schema "${name}"`,
      );
    },
  },
  {
    id: 'roles.public-access',
    severity: 'warning',
    title: 'Other roles of the server have no access to the database',
    remedy: `${provision} It revokes from PUBLIC what PostgreSQL grants to it.`,
    subjects: databases,
    look: async (context, place) => {
      const session = await sessionIn(context, place);
      const [row] = await session.query<{ connect: boolean; schema: boolean; managed: boolean }>(
        // Role 0 of an access list is PUBLIC; without a list, the default grants it CONNECT.
        `SELECT EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE grantee = 0) AS connect,
           EXISTS (SELECT FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
             WHERE nspname = 'public' AND grantee = 0) AS schema
         FROM pg_database WHERE datname = current_database()`,
      );
      return [
        ...(row?.connect ? ['PUBLIC may connect to it'] : []),
        ...(row?.schema ? ['PUBLIC may use its schema public'] : []),
      ];
    },
  },
  {
    id: 'roles.settings',
    severity: 'warning',
    title: 'Roles have the time-outs and the search path of provisioning',
    remedy: `${provision} Sessions of psql and of a connection pooler have no others.`,
    subjects: users,
    look: async (context, service) => {
      if (!hasTwoRoles(context, service)) return undefined;
      const room = roomOf(context, service);
      const session = await sessionOf(context, service, 'traffic');
      const rows = await session.query<{ role: string; setting: string }>(
        `SELECT rolname AS role, unnest(setconfig) AS setting FROM pg_db_role_setting
         JOIN pg_roles ON pg_roles.oid = setrole JOIN pg_database ON pg_database.oid = setdatabase
         WHERE datname = current_database() AND rolname = ANY ($1::text[])`,
        [[room.owner.name, room.traffic.name]],
      );
      const has = new Set(rows.map(({ role, setting }) => `${role} ${setting.split('=')[0]?.toLowerCase()}`));
      return roleKinds.flatMap((kind) => {
        const missing = Object.keys(roleSettings(service, kind)).filter(
          (name) => !has.has(`${room[kind].name} ${name}`),
        );
        return missing.length === 0 ? [] : [`role "${room[kind].name}" has no ${missing.join(', ')}`];
      });
    },
  },
  {
    id: 'roles.one-role',
    severity: 'hint',
    title: 'Migrations have a role of their own',
    remedy:
      'Set DATABASE_OWNER_URL: then the role that serves callers cannot change tables (`npm run setup` writes it).',
    subjects: users,
    look: (context, service) =>
      hasTwoRoles(context, service)
        ? undefined
        : `role "${roomOf(context, service).traffic.name}" serves callers and changes tables`,
  },
  {
    id: 'roles.shared',
    severity: 'warning',
    title: 'Each service has roles of its own',
    remedy: `Give each a role in its DATABASE_URL. ${provision}`,
    look: async (context) => {
      const all = (await users(context)).flatMap((service) => {
        try {
          return [{ service, role: roomOf(context, service).traffic.name }];
        } catch (error) {
          if (error instanceof Needs) return [];
          throw error;
        }
      });
      return [...Map.groupBy(all, ({ role }) => role)]
        .filter(([, those]) => those.length > 1)
        .map(
          ([role, those]) => `role "${role}" is that of ${those.map(({ service }) => service).join(' and ')}`,
        );
    },
  },
];
