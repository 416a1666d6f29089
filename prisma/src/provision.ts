import { Client, escapeIdentifier, escapeLiteral } from 'pg';

import { lockKey } from './advisory-lock.ts';
import type { Logger } from './logger.ts';

/** A service to make room for. */
export interface ProvisionedService {
  /** Name of its schema, e.g. `auth`. */
  name: string;
  /** Its `DATABASE_URL`: names the role, the password and the database to make. */
  url: string;
}

/** What {@link provision} needs to know. */
export interface ProvisionOptions {
  /** URL of a role that may make roles and databases; its database holds the lock. */
  adminUrl: string;
  services: readonly ProvisionedService[];
  logger: Logger;
}

/** What services may use of PostgreSQL's extensions; they live in the schema `extensions`. */
const extensionNames = ['pg_trgm', 'unaccent', 'citext'];

interface Room {
  schema: string;
  role: string;
  password: string;
  database: string;
}

/**
 * Makes database, extensions, one role and one schema for each service, and
 * takes everything away from PUBLIC: a role reaches its own schema and
 * `extensions`, nothing else. May be run again, and by several at once; a
 * password that differs replaces the old one.
 *
 * @throws Error when a URL names no role, password or database; PostgreSQL's error when the admin lacks a right.
 */
export async function provision(options: ProvisionOptions): Promise<void> {
  const { adminUrl, services, logger } = options;
  const rooms = services.map(readRoom);
  await withClient(adminUrl, undefined, async (admin) => {
    // Roles and databases belong to the whole server, so everybody takes this one lock.
    await admin.query(`SELECT pg_advisory_lock(${lockKey('arcadium:provision')})`);
    for (const room of rooms) await createRole(admin, room);
    for (const [database, tenants] of Map.groupBy(rooms, (room) => room.database)) {
      await createDatabase(admin, database);
      await withClient(adminUrl, database, async (inside) => {
        await inside.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
        await createExtensions(inside, logger);
        for (const room of tenants) await createSchema(inside, room);
      });
      await grantDatabase(admin, database, tenants);
      logger.info({ database, schemas: tenants.map((room) => room.schema) }, 'database provisioned');
    }
  });
}

/**
 * Makes extensions and schemas only, all of them the role's that the URL
 * names: for a database that somebody brings along and whose roles are not
 * ours to make. There, one role reaches all schemas.
 *
 * @throws PostgreSQL's error when the role may not make schemas in that database.
 */
export async function provisionSchemas(options: {
  url: string;
  schemas: readonly string[];
  logger: Logger;
}): Promise<void> {
  await withClient(options.url, undefined, async (inside) => {
    await inside.query(`SELECT pg_advisory_lock(${lockKey('arcadium:provision')})`);
    await createExtensions(inside, options.logger);
    for (const schema of options.schemas) {
      await inside.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`);
    }
  });
}

/**
 * Rights and settings that belong to a database as a whole, which
 * `CREATE DATABASE … TEMPLATE` does not copy.
 */
export async function grantDatabase(
  admin: Client,
  database: string,
  tenants: readonly { role: string; schema: string }[],
): Promise<void> {
  await admin.query(`REVOKE ALL ON DATABASE ${escapeIdentifier(database)} FROM PUBLIC`);
  for (const { role, schema } of tenants) {
    await admin.query(`GRANT CONNECT ON DATABASE ${escapeIdentifier(database)} TO ${escapeIdentifier(role)}`);
    // For sessions that come without our options: psql, a connection pooler.
    await admin.query(
      `ALTER ROLE ${escapeIdentifier(role)} IN DATABASE ${escapeIdentifier(database)} SET search_path = ${escapeIdentifier(schema)}, extensions`,
    );
  }
}

function readRoom({ name, url }: ProvisionedService): Room {
  const { username, password, pathname } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  if (!username || !password || !database) {
    throw new Error(
      `the DATABASE_URL of ${name} must name a role, a password and a database: postgres://role:password@host:port/database`,
    );
  }
  return {
    schema: name,
    role: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database,
  };
}

async function createRole(admin: Client, { role, password }: Room): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  await admin.query(`${verb} ROLE ${escapeIdentifier(role)} LOGIN PASSWORD ${escapeLiteral(password)}`);
  // Managed servers give out no superuser; then only a member of a role may hand it a schema.
  const { rows } = await admin.query<{ super: boolean }>(
    'SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user',
  );
  if (!rows[0]?.super) await admin.query(`GRANT ${escapeIdentifier(role)} TO CURRENT_USER`);
}

async function createDatabase(admin: Client, database: string): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [database]);
  // template0: nobody can be connected to it, which would make this fail.
  if (rowCount === 0)
    await admin.query(`CREATE DATABASE ${escapeIdentifier(database)} TEMPLATE template0 ENCODING 'UTF8'`);
}

async function createExtensions(inside: Client, logger: Logger): Promise<void> {
  await inside.query('CREATE SCHEMA IF NOT EXISTS extensions');
  for (const extension of extensionNames) {
    const { rows } = await inside.query<{ schema: string | null }>(
      `SELECT n.nspname AS schema FROM pg_available_extensions a
       LEFT JOIN pg_extension e ON e.extname = a.name LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
       WHERE a.name = $1`,
      [extension],
    );
    const found = rows[0];
    if (!found) {
      logger.warn({ extension }, 'this PostgreSQL does not have the extension; what needs it will not work');
    } else if (found.schema === null) {
      await inside.query(`CREATE EXTENSION ${escapeIdentifier(extension)} SCHEMA extensions`);
    } else if (found.schema !== 'extensions') {
      await inside.query(`ALTER EXTENSION ${escapeIdentifier(extension)} SET SCHEMA extensions`);
    }
  }
}

async function createSchema(inside: Client, { schema, role }: Room): Promise<void> {
  await inside.query(
    `CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)} AUTHORIZATION ${escapeIdentifier(role)}`,
  );
  await inside.query(`ALTER SCHEMA ${escapeIdentifier(schema)} OWNER TO ${escapeIdentifier(role)}`);
  await inside.query(`REVOKE ALL ON SCHEMA ${escapeIdentifier(schema)} FROM PUBLIC`);
  await inside.query(`GRANT USAGE ON SCHEMA extensions TO ${escapeIdentifier(role)}`);
}

/** Connects with the admin's rights, to another database if one is named, for the time of `work`. */
export async function withClient<Result>(
  adminUrl: string,
  database: string | undefined,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const url = new URL(adminUrl);
  if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`;
  const client = new Client({ connectionString: url.href, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // the query under way reports it
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
