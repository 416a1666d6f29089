import type { Client } from 'pg';

import { DatabaseClient } from '../database/client.ts';
import { describeDatabaseError, hasCode, isDatabaseUnavailable } from '../database/database-errors.ts';
import { explainTls } from '../database/tls-errors.ts';
import { isPoolerRefusal, poolerError, refusePooler } from '../database/pooler.ts';
import { connectionConfig, longestStatementMs, pooledConfig } from '../database/session.ts';

/** The database of a service, and its roles. */
export interface DatabaseUse {
  /** The service; also the name of its schema. */
  service: string;
  /** The service's `DATABASE_OWNER_URL`: a role that may change its schema. */
  url: string;
  /** Its `DATABASE_URL`, with the role that reads and writes rows. @default the same as `url` */
  trafficUrl?: string | undefined;
  /**
   * Its `DATABASE_DIRECT_URL`: the role and the database of `trafficUrl`, which may then lead through a
   * connection pooler.
   *
   * @default `trafficUrl` leads to PostgreSQL itself
   */
  directUrl?: string | undefined;
}

/** What a service waits for. */
export interface Obstacle {
  /**
   * In words, such as `schema "wiki" does not exist yet in database "arcadium"; it is created by
   * provisioning`.
   */
  reason: string;
  /** The code of a failed connection, PostgreSQL's or the system's. */
  code?: string;
}

/** The code of a pooler's errors whose message says what is missing: a database, a user, a server behind it. */
const spoken = '08P01';

/** Longest wait for a connection, and for an answer, in milliseconds. */
const patienceMs = 5_000;

/**
 * Checks what a service lacks before it can migrate and work: the server, its database, its roles, its
 * schema, or rights there; and behind a pooler, the settings of its sessions.
 *
 * @returns The first thing that is missing; `undefined` if nothing is.
 * @throws ConfigError if a URL that must lead to PostgreSQL itself leads to a connection pooler; any
 * connection error that waiting does not solve.
 */
export async function findObstacle(use: DatabaseUse): Promise<Obstacle | undefined> {
  const { service, url, trafficUrl = url, directUrl } = use;
  const settingOf = (one: string): string => {
    if (one === directUrl) return 'DATABASE_DIRECT_URL';
    return one === trafficUrl ? 'DATABASE_URL' : 'DATABASE_OWNER_URL';
  };
  const ofOwner = await askAs(url, { service, direct: settingOf(url), ask: schemaForOwner });
  if (ofOwner) return ofOwner;
  const direct = directUrl ?? trafficUrl;
  if (direct !== url) {
    const ofTraffic = await askAs(direct, { service, direct: settingOf(direct), ask: schemaForTraffic });
    if (ofTraffic) return ofTraffic;
  }
  return directUrl === undefined ? undefined : askAs(trafficUrl, { service, ask: settingsOfTraffic });
}

interface Question {
  readonly service: string;
  /** The setting of the URL, if no pooler may be in between. */
  readonly direct?: string;
  /** @returns What is missing. */
  ask(client: Client, service: string): Promise<string | undefined>;
}

async function askAs(url: string, { service, direct, ask }: Question): Promise<Obstacle | undefined> {
  const config = direct ? connectionConfig(url, service, patienceMs) : pooledConfig(url, patienceMs);
  const client = new DatabaseClient({ ...config, query_timeout: patienceMs });
  client.on('error', () => {}); // the running query reports it
  try {
    await client.connect();
    if (direct) await refusePooler(client, direct);
    const reason = await ask(client, service);
    return reason === undefined ? undefined : { reason };
  } catch (error) {
    if (direct && isPoolerRefusal(error)) throw poolerError(direct);
    const reason = explainConnection(error, client);
    if (reason === undefined) throw error;
    const code = codeOf(error);
    return code === undefined ? { reason } : { reason, code };
  } finally {
    await client.end().catch(() => {});
  }
}

/** Rights of a session's role in a schema and its database. */
export interface Rights {
  schema_exists: boolean;
  may_use: boolean;
  may_create: boolean;
  may_create_schema: boolean;
}

/** From the catalogue, which every role that can connect may read. */
const rightsQuery = `
  SELECT schema.oid IS NOT NULL AS schema_exists,
    coalesce(has_schema_privilege(schema.oid, 'USAGE'), false) AS may_use,
    coalesce(has_schema_privilege(schema.oid, 'CREATE'), false) AS may_create,
    has_database_privilege(current_database(), 'CREATE') AS may_create_schema
  FROM (VALUES ($1)) AS wanted (name) LEFT JOIN pg_namespace AS schema ON schema.nspname = wanted.name`;

export async function readRights(client: Client, service: string): Promise<Rights | undefined> {
  return (await client.query<Rights>(rightsQuery, [service])).rows[0];
}

async function schemaForOwner(client: Client, service: string): Promise<string | undefined> {
  const rights = await readRights(client, service);
  if (!rights?.schema_exists) {
    // A role that may create schemas creates its own, on a server where one role does everything.
    if (rights?.may_create_schema) return undefined;
    return `schema "${service}" does not exist yet in database "${client.database}"; it is created by provisioning`;
  }
  if (rights.may_use && rights.may_create) return undefined;
  return `role "${client.user}" may not change schema "${service}" in database "${client.database}" yet; provisioning makes it the owner`;
}

async function schemaForTraffic(client: Client, service: string): Promise<string | undefined> {
  const rights = await readRights(client, service);
  if (!rights?.schema_exists || rights.may_use) return undefined;
  return `role "${client.user}" may not use schema "${service}" in database "${client.database}" yet; provisioning grants that`;
}

/** Behind a pooler, sessions have the settings of the role, not those of the client. */
async function settingsOfTraffic(client: Client, service: string): Promise<string | undefined> {
  const { rows } = await client.query<{ path: string; zone: string; timeout: number }>(
    `SELECT current_setting('search_path') AS path, current_setting('TimeZone') AS zone,
       (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout') AS timeout`,
  );
  const { path = '', zone = '', timeout = 0 } = rows[0] ?? {};
  const schemas = path.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  const wrong = [
    schemas.join() !== `${service},extensions` && `search_path = ${path}`,
    !/^(?:Etc\/)?UTC$/i.test(zone) && `TimeZone = ${zone}`,
    (timeout === 0 || timeout > longestStatementMs) && `statement_timeout = ${timeout}`,
  ].filter((one) => one !== false);
  if (wrong.length === 0) return undefined;
  return `sessions of role "${client.user}" through DATABASE_URL have ${wrong.join(', ')}; run provisioning, which sets the role's settings, then RECONNECT the pooler`;
}

/** The meaning of a failed connection; `undefined` if waiting does not help. */
export function explainConnection(
  error: unknown,
  { host, port, user, database }: Client,
): string | undefined {
  const has = (...codes: string[]): boolean => hasCode(error, new Set(codes));
  if (has('28P01'))
    return `role "${user}" does not exist yet, or has another password; it is created by provisioning`;
  if (has('28000')) return `PostgreSQL rejects role "${user}" (${messageOf(error)})`;
  if (has('3D000')) return `database "${database}" does not exist yet; it is created by provisioning`;
  if (has('42501'))
    return `role "${user}" may not connect to database "${database}" yet; provisioning grants that`;
  if (has('57P03')) return `PostgreSQL at ${host}:${port} is starting up`;
  if (has('53300'))
    return `PostgreSQL at ${host}:${port} has no connection left (${messageOf(error)}): raise its max_connections, or lower DATABASE_POOL_MAX`;
  if (explainTls(error) !== undefined)
    return `PostgreSQL at ${host}:${port} cannot be trusted: ${describeDatabaseError(error)}`;
  if (isDatabaseUnavailable(error))
    return `PostgreSQL does not answer at ${host}:${port} (${has(spoken) ? messageOf(error) : (codeOf(error) ?? messageOf(error))})`;
  return undefined;
}

function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
