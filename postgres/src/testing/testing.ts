import { createHash, createHmac, randomUUID } from 'node:crypto';

import { escapeIdentifier, type Client } from 'pg';
import { inject } from 'vitest';

import { lockKey } from '../advisory-lock.ts';
import type { Logger } from '../logger.ts';
import { migrate } from '../migrate/migrate.ts';
import { readMigrations } from '../migrate/migration-list.ts';
import { grantDatabase } from '../provision/grants.ts';
import { provision, type ProvisionedService } from '../provision/provision.ts';
import { withClient } from '../provision/with-client.ts';

export { withClient } from '../provision/with-client.ts';
export { problemsOf } from './statement-types.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser URL of the run's PostgreSQL. */
    testDatabaseAdminUrl: string;
    /** Distinguishes the databases of this run from those of others on the same server. */
    testDatabaseRunId: string;
  }
}

/** A service whose schema a test database has. */
export interface TestedService {
  /** Its name, which is also that of its schema. */
  name: string;
  /** Folder of its migrations, absolute. */
  migrations: string;
}

/** A database for one test suite, with the migrated, empty schemas of the requested services. */
export interface TestDatabase extends AsyncDisposable {
  /** A service's `DATABASE_URL`, with the traffic role. */
  url(service: string): string;
  /** A service's `DATABASE_OWNER_URL`, with the owner role. */
  ownerUrl(service: string): string;
  /** The superuser's URL of this database. */
  adminUrl: string;
  /** Removes the database and ends its connections. May be called several times. */
  drop(): Promise<void>;
}

const silent: Logger = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * A new database for a suite, in a fraction of a second: the first suite of a run that requests these
 * services creates a template, all others copy it. Without services it is empty.
 *
 * @param server Superuser's URL and a prefix for names.
 * @default those of the vitest run
 *
 * @example
 * const database = await createTestDatabase([{ name: 'wiki', migrations: '/srv/wiki/migrations' }]);
 * const pool = new Pool({ connectionString: database.url('wiki') });
 * await database.drop();
 */
export async function createTestDatabase(
  services: readonly TestedService[],
  server: { adminUrl: string; runId: string } = {
    adminUrl: inject('testDatabaseAdminUrl'),
    runId: inject('testDatabaseRunId'),
  },
): Promise<TestDatabase> {
  const { adminUrl, runId } = server;
  const names = [...new Set(services.map(({ name }) => name))].toSorted();
  const database = `${prefix(runId)}${randomUUID().slice(0, 13)}`;
  const tenants = new Map(names.map((name) => [name, tenantOf(adminUrl, name, database)]));
  await withClient(adminUrl, undefined, async (admin) => {
    const template = names.length === 0 ? 'template0' : await makeTemplate(admin, adminUrl, runId, services);
    await admin.query(
      `CREATE DATABASE ${escapeIdentifier(database)} TEMPLATE ${escapeIdentifier(template)} STRATEGY FILE_COPY`,
    );
    // Settings of roles are in one table of the whole server, where concurrent writers would conflict.
    await withProvisionLock(admin, () =>
      grantDatabase(
        admin,
        database,
        names.map((schema) => ({ schema, owner: ownerOf(schema), traffic: roleOf(schema) })),
      ),
    );
  });
  let dropping: Promise<void> | undefined;
  const drop = () => (dropping ??= withClient(adminUrl, undefined, (admin) => dropDatabase(admin, database)));
  const tenant = (service: string): Tenant => {
    const found = tenants.get(service);
    if (!found) throw new Error(`this test database was made for ${names.join(', ')}, not for ${service}`);
    return found;
  };
  return {
    url: (service) => tenant(service).url,
    ownerUrl: (service) => tenant(service).ownerUrl,
    adminUrl: withDatabase(adminUrl, database).href,
    drop,
    [Symbol.asyncDispose]: drop,
  };
}

/** Removes what a run left on a server that it did not start. */
export async function dropTestDatabases(adminUrl: string, runId: string): Promise<void> {
  await withClient(adminUrl, undefined, async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
      [prefix(runId)],
    );
    for (const { name } of rows) await dropDatabase(admin, name);
  });
}

/** Provisions and migrates the template unless another worker has; an incomplete one is created again. */
async function makeTemplate(
  admin: Client,
  adminUrl: string,
  runId: string,
  services: readonly TestedService[],
): Promise<string> {
  const folders = new Map(services.map(({ name, migrations }) => [name, migrations]));
  const contents = [...folders].toSorted().map(([name, folder]) => [name, readMigrations(folder)]);
  const template = `${prefix(runId)}t_${createHash('sha256').update(JSON.stringify(contents)).digest('hex').slice(0, 12)}`;
  const done = async () => {
    const { rows } = await admin.query<{ ready: boolean }>(
      'SELECT datistemplate AS ready FROM pg_database WHERE datname = $1',
      [template],
    );
    return rows[0]?.ready;
  };
  if (await done()) return template;
  const key = lockKey(`arcadium:template:${template}`);
  await admin.query(`SELECT pg_advisory_lock(${key})`);
  try {
    const ready = await done();
    if (ready) return template;
    if (ready === false) await dropDatabase(admin, template);
    const tenants = [...folders.keys()].map((name) => tenantOf(adminUrl, name, template));
    await provision({ adminUrl, services: tenants, log: silent });
    await Promise.all(
      tenants.map(({ name, ownerUrl }) =>
        migrate({ service: name, url: ownerUrl, log: silent, folder: folders.get(name) ?? '' }),
      ),
    );
    // Marked at the very end. Without connections it can be copied at any time.
    await admin.query(
      `ALTER DATABASE ${escapeIdentifier(template)} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`,
    );
    return template;
  } finally {
    await admin.query(`SELECT pg_advisory_unlock(${key})`);
  }
}

async function withProvisionLock(admin: Client, work: () => Promise<void>): Promise<void> {
  const key = lockKey('arcadium:provision');
  await admin.query(`SELECT pg_advisory_lock(${key})`);
  try {
    await work();
  } finally {
    await admin.query(`SELECT pg_advisory_unlock(${key})`);
  }
}

async function dropDatabase(admin: Client, database: string): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1 AND datistemplate', [
    database,
  ]);
  if (rowCount) await admin.query(`ALTER DATABASE ${escapeIdentifier(database)} WITH IS_TEMPLATE false`);
  await admin.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(database)} WITH (FORCE)`);
}

function prefix(runId: string): string {
  return `test_${runId}_`;
}

type Tenant = ProvisionedService & { ownerUrl: string };

function tenantOf(adminUrl: string, name: string, database: string): Tenant {
  return {
    name,
    url: roleUrl(adminUrl, roleOf(name), database),
    ownerUrl: roleUrl(adminUrl, ownerOf(name), database),
  };
}

/** Not the service's name: on a server that is also used for development, its role must keep its password. */
function roleOf(service: string): string {
  return `test_${service}`;
}

function ownerOf(service: string): string {
  return `test_${service}_owner`;
}

function roleUrl(adminUrl: string, role: string, database: string): string {
  const url = withDatabase(adminUrl, database);
  url.username = role;
  // The same for every run on a server, because its roles are; useless without the admin's URL.
  url.password = createHmac('sha256', adminUrl).update(role).digest('hex');
  return url.href;
}

function withDatabase(adminUrl: string, database: string): URL {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url;
}
