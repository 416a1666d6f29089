import { escapeIdentifier, escapeLiteral, type Client } from 'pg';

import type { Room } from './room.ts';

/** The names in a room, without the passwords. */
export interface Tenant {
  schema: string;
  /** The roles that work in the schema. */
  roles: readonly string[];
}

/**
 * Rights and settings that belong to a database as a whole, which
 * `CREATE DATABASE … TEMPLATE` does not copy.
 */
export async function grantDatabase(
  admin: Client,
  database: string,
  tenants: readonly Tenant[],
): Promise<void> {
  const name = escapeIdentifier(database);
  await admin.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  for (const { roles, schema } of tenants) {
    for (const role of roles.map(escapeIdentifier)) {
      await admin.query(`GRANT CONNECT ON DATABASE ${name} TO ${role}`);
      // For sessions that come without our options: psql, a connection pooler.
      await admin.query(
        `ALTER ROLE ${role} IN DATABASE ${name} SET search_path = ${escapeIdentifier(schema)}, extensions`,
      );
    }
  }
}

/** Makes the schema the owner's, and all that is in it. */
export async function grantOwner(inside: Client, room: Room): Promise<void> {
  const schema = escapeIdentifier(room.schema);
  const owner = escapeIdentifier(room.owner.name);
  await inside.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${owner}`);
  await inside.query(`ALTER SCHEMA ${schema} OWNER TO ${owner}`);
  await inside.query(`REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC`);
  await inside.query(`GRANT USAGE ON SCHEMA extensions TO ${owner}`);
  // To everybody by default, and only by the role's own setting not.
  for (const kind of ['FUNCTIONS', 'TYPES'])
    await inside.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} REVOKE ALL ON ${kind} FROM PUBLIC`);
}

/** What traffic may do with each kind of thing in the schema: rows, not tables. */
const trafficRights = {
  TABLES: 'SELECT, INSERT, UPDATE, DELETE',
  SEQUENCES: 'USAGE, SELECT',
  FUNCTIONS: 'EXECUTE',
};

/**
 * Lets the traffic role at the rows of the schema: of what is there, and of
 * what the owner's migrations will make. What belonged to it becomes the
 * owner's, so that a schema of one role can be made one of two.
 */
export async function grantTraffic(inside: Client, room: Room): Promise<void> {
  if (room.traffic.name === room.owner.name) return;
  const schema = escapeIdentifier(room.schema);
  const owner = escapeIdentifier(room.owner.name);
  const traffic = escapeIdentifier(room.traffic.name);
  await inside.query(`REASSIGN OWNED BY ${traffic} TO ${owner}`);
  await inside.query(`REVOKE ALL ON SCHEMA ${schema} FROM ${traffic}`);
  await inside.query(`GRANT USAGE ON SCHEMA ${schema}, extensions TO ${traffic}`);
  for (const [kind, rights] of Object.entries(trafficRights)) {
    await inside.query(`GRANT ${rights} ON ALL ${kind} IN SCHEMA ${schema} TO ${traffic}`);
    await inside.query(
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA ${schema} GRANT ${rights} ON ${kind} TO ${traffic}`,
    );
  }
  await inside.query(keepHistory(room.schema));
}

/**
 * SQL that lets nobody but the owner write what was migrated. Default privileges
 * know no exception, so it is run whenever they may have given that right away.
 */
export function keepHistory(schema: string): string {
  const history = `${escapeIdentifier(schema)}._prisma_migrations`;
  return `DO $$ DECLARE stranger text; BEGIN
    FOR stranger IN SELECT DISTINCT grantee::regrole FROM pg_class, aclexplode(relacl)
      WHERE pg_class.oid = to_regclass(${escapeLiteral(history)}) AND grantee <> relowner
    LOOP EXECUTE 'REVOKE INSERT, UPDATE, DELETE ON ${history.replaceAll("'", "''")} FROM ' || stranger; END LOOP;
  END $$`;
}
