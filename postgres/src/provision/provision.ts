import { escapeIdentifier, escapeLiteral, type Client } from 'pg';

import { lockKey } from '../advisory-lock.ts';
import { refusePooler } from '../database/pooler.ts';
import type { Logger } from '../logger.ts';
import { createExtensions } from './extensions.ts';
import { grantDatabase, grantSchema } from './grants.ts';
import { readRoom, type ProvisionedService, type Role, type Room } from './room.ts';
import { withClient } from './with-client.ts';

export type { ProvisionedService } from './room.ts';

/** Options of {@link provision}. */
export interface ProvisionOptions {
  /** URL of a role that may create roles and databases; its database holds the lock. */
  adminUrl: string;
  services: readonly ProvisionedService[];
  log: Logger;
}

/** Longest wait for another provisioning, in milliseconds. */
const lockPatienceMs = 60_000;

/**
 * Creates the database, extensions, and for each service a schema and its roles: the owner, who may alter
 * tables, and the traffic role, which may write rows. Revokes everything in that database from PUBLIC: a role
 * can access only its own schema and `extensions`. May be run repeatedly, while services run, and by several
 * processes at once; a changed password replaces the old one.
 *
 * @throws Error if a URL lacks a role, password or database; ConfigError if `adminUrl` leads to a connection
 * pooler; PostgreSQL's error if the admin lacks a right.
 *
 * @example
 * await provision({ adminUrl, services: [{ name: 'wiki', url, ownerUrl }], log });
 */
export async function provision(options: ProvisionOptions): Promise<void> {
  const { adminUrl, services, log } = options;
  const rooms = services.map(readRoom);
  await withClient(adminUrl, undefined, async (admin) => {
    await refusePooler(admin, 'DATABASE_ADMIN_URL');
    // Roles and databases belong to the whole server, so all provisioning shares this lock.
    await admin.query(`SET lock_timeout = ${lockPatienceMs}`);
    await admin.query(`SELECT pg_advisory_lock(${lockKey('arcadium:provision')})`);
    for (const room of rooms) for (const role of rolesOf(room)) await createRole(admin, role);
    for (const [database, tenants] of Map.groupBy(rooms, (room) => room.database)) {
      await createDatabase(admin, database);
      await withClient(adminUrl, database, async (inside) => {
        await inside.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
        await createExtensions(inside, log);
        for (const room of tenants) await grantSchema(inside, room);
      });
      const named = tenants.map((room) => ({
        schema: room.schema,
        owner: room.owner.name,
        traffic: room.traffic.name,
      }));
      await grantDatabase(admin, database, named);
      log.info({ database, schemas: tenants.map((room) => room.schema) }, 'database provisioned');
    }
  });
}

/**
 * Creates only extensions and schemas, owned by the role of the URL: for an existing database whose roles are
 * not managed here. There, one role can access all schemas.
 *
 * @throws ConfigError if the URL leads to a connection pooler; PostgreSQL's error if the role may not create
 * schemas in that database.
 *
 * @example
 * await provisionSchemas({ url, schemas: ['auth', 'wiki'], log });
 */
export async function provisionSchemas(options: {
  url: string;
  schemas: readonly string[];
  log: Logger;
}): Promise<void> {
  await withClient(options.url, undefined, async (inside) => {
    await refusePooler(inside, 'DATABASE_URL');
    await inside.query(`SELECT pg_advisory_lock(${lockKey('arcadium:provision')})`);
    await createExtensions(inside, options.log);
    for (const schema of options.schemas) {
      await inside.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`);
    }
  });
}

function rolesOf({ owner, traffic }: Room): Role[] {
  return owner.name === traffic.name ? [traffic] : [owner, traffic];
}

async function createRole(admin: Client, { name, password }: Role): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  await admin.query(`${verb} ROLE ${escapeIdentifier(name)} LOGIN PASSWORD ${escapeLiteral(password)}`);
  // A role may have changed its own settings, for example to read-only.
  await admin.query(`ALTER ROLE ${escapeIdentifier(name)} RESET ALL`);
  // Managed servers provide no superuser; then only a member of a role may give it a schema.
  const { rows } = await admin.query<{ super: boolean }>(
    'SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user',
  );
  if (!rows[0]?.super) await admin.query(`GRANT ${escapeIdentifier(name)} TO CURRENT_USER`);
}

async function createDatabase(admin: Client, database: string): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [database]);
  // template0 never has connections, which would make this fail.
  if (rowCount === 0)
    await admin.query(`CREATE DATABASE ${escapeIdentifier(database)} TEMPLATE template0 ENCODING 'UTF8'`);
}
