import { escapeIdentifier, escapeLiteral, type Client } from 'pg';

import { longestStatementMs } from '../database/session.ts';
import type { Room } from './room.ts';

/** The names of a room, without passwords. */
export interface Tenant {
  schema: string;
  owner: string;
  /** The same as the owner if there is only one role. */
  traffic: string;
}

/** Time-outs of sessions that read and write rows, in milliseconds. A lock is given up shortly before the statement. */
const limitsOfTraffic = {
  statement_timeout: longestStatementMs,
  lock_timeout: longestStatementMs - 1_000,
  // A transaction lasts at most as long as a statement; a process that hangs in one must not hold its locks.
  idle_in_transaction_session_timeout: longestStatementMs + 4_000,
};

/**
 * Time-outs of sessions that migrate, in milliseconds. A statement may take hours, but while it waits for a lock on a
 * table, all later statements on that table wait behind it.
 */
const limitsOfOwner = {
  statement_timeout: 0,
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 300_000,
};

/** The settings that a role has in the database, as SQL; with one role for both, those of traffic. */
export function roleSettings(schema: string, kind: 'owner' | 'traffic'): Readonly<Record<string, string>> {
  const limits = kind === 'traffic' ? limitsOfTraffic : limitsOfOwner;
  return {
    search_path: `${escapeIdentifier(schema)}, extensions`,
    timezone: "'UTC'",
    ...Object.fromEntries(Object.entries(limits).map(([name, ms]) => [name, String(ms)])),
  };
}

/**
 * Rights and settings of the database as a whole, which `CREATE DATABASE … TEMPLATE` does not copy. In one
 * transaction: a service that connects meanwhile has either PUBLIC's right or its own.
 */
export async function grantDatabase(
  admin: Client,
  database: string,
  tenants: readonly Tenant[],
): Promise<void> {
  const name = escapeIdentifier(database);
  await inTransaction(admin, async () => {
    await admin.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
    for (const { owner, traffic, schema } of tenants) {
      for (const role of new Set([owner, traffic])) {
        const grantee = escapeIdentifier(role);
        await admin.query(`GRANT CONNECT ON DATABASE ${name} TO ${grantee}`);
        // For sessions without our startup options: psql, a connection pooler.
        const settings = roleSettings(schema, role === traffic ? 'traffic' : 'owner');
        for (const [setting, value] of Object.entries(settings))
          await admin.query(`ALTER ROLE ${grantee} IN DATABASE ${name} SET ${setting} = ${value}`);
      }
    }
  });
}

/**
 * Gives the schema and everything in it to the owner, and the traffic role access to its rows. In one
 * transaction, so that a running service always has its rights.
 */
export async function grantSchema(inside: Client, room: Room): Promise<void> {
  await inTransaction(inside, async () => {
    await grantOwner(inside, room);
    if (room.traffic.name !== room.owner.name) await grantTraffic(inside, room);
  });
}

async function inTransaction(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // the connection may be gone, and the transaction with it
    throw error;
  }
}

async function grantOwner(inside: Client, room: Room): Promise<void> {
  const schema = escapeIdentifier(room.schema);
  const owner = escapeIdentifier(room.owner.name);
  await inside.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${owner}`);
  await inside.query(`ALTER SCHEMA ${schema} OWNER TO ${owner}`);
  await inside.query(`REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC`);
  await inside.query(`GRANT USAGE ON SCHEMA extensions TO ${owner}`);
  await inside.query(takeOver(room));
  // Granted to PUBLIC by default; only a setting of the role prevents that.
  for (const kind of ['ROUTINES', 'TYPES'])
    await inside.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} REVOKE ALL ON ${kind} FROM PUBLIC`);
}

/** The rights of the traffic role for each kind of object in the schema: on rows, not on tables. */
export const trafficRights = {
  TABLES: 'SELECT, INSERT, UPDATE, DELETE',
  SEQUENCES: 'USAGE, SELECT',
  ROUTINES: 'EXECUTE',
};

/** For existing objects, and for those that the owner's migrations will create. */
async function grantTraffic(inside: Client, room: Room): Promise<void> {
  const schema = escapeIdentifier(room.schema);
  const owner = escapeIdentifier(room.owner.name);
  const traffic = escapeIdentifier(room.traffic.name);
  await inside.query(`REVOKE CREATE ON SCHEMA ${schema} FROM ${traffic}`);
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
 * SQL that gives the owner all objects of others in the schema, from when it had one role or another owner.
 * What belongs to a table follows it, and what belongs to an extension stays.
 */
function takeOver(room: Room): string {
  const within = `${escapeLiteral(escapeIdentifier(room.schema))}::regnamespace`;
  const owner = `${escapeLiteral(escapeIdentifier(room.owner.name))}::regrole`;
  const independent = (catalog: string, oid: string) =>
    `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype IN ('a', 'i', 'e'))`;
  return `DO $take$ DECLARE thing text; BEGIN
    FOR thing IN
      SELECT 'TABLE ' || oid::regclass FROM pg_class WHERE relnamespace = ${within} AND relowner <> ${owner}
        AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${independent('pg_class', 'pg_class.oid')}
      UNION ALL
      SELECT 'ROUTINE ' || oid::regprocedure FROM pg_proc WHERE pronamespace = ${within} AND proowner <> ${owner}
        AND ${independent('pg_proc', 'pg_proc.oid')}
      UNION ALL
      SELECT 'TYPE ' || oid::regtype FROM pg_type WHERE typnamespace = ${within} AND typowner <> ${owner}
        AND (typrelid = 0 OR (SELECT relkind = 'c' FROM pg_class WHERE oid = typrelid))
        AND ${independent('pg_type', 'pg_type.oid')}
    LOOP EXECUTE 'ALTER ' || thing || ' OWNER TO ' || ${owner}; END LOOP;
  END $take$`;
}

/**
 * SQL that allows only the owner to write the migration history. Default privileges have no exceptions, so it
 * is run whenever they may have granted that right.
 */
export function keepHistory(schema: string): string {
  const history = `${escapeIdentifier(schema)}._prisma_migrations`;
  return `DO $keep$ DECLARE stranger text; BEGIN
    FOR stranger IN SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
      FROM pg_class, aclexplode(relacl)
      WHERE pg_class.oid = to_regclass(${escapeLiteral(history)}) AND grantee <> relowner
    LOOP EXECUTE 'REVOKE INSERT, UPDATE, DELETE ON ' || ${escapeLiteral(history)} || ' FROM ' || stranger; END LOOP;
  END $keep$`;
}
