import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseFields } from '@arcadium/mesh/config';
import pg from 'pg';
import { expect, test } from 'vitest';
import { root } from '../src/process.ts';
import { mesh } from './mesh.ts';

/** Replicas of each service for which docs/operations.md promises enough connections. */
const replicas = 4;
/** PostgreSQL's default reserve for superusers. */
const reserved = 3;
/** A listener briefly uses a second connection to test that notifications arrive. */
const ofListener = 2;
/**
 * Besides pool and listeners, a replica has a connection for health checks while the pool is full, and one
 * for migrations.
 */
const further = 2;

/** Number of LISTEN channels of each service, one connection each. */
async function listeners(): Promise<Record<string, number>> {
  const admin = new pg.Client({ connectionString: mesh.database.adminUrl });
  await admin.connect();
  const { rows } = await admin.query<{ role: string; n: number }>(
    `SELECT usename AS role, count(*)::int AS n FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'arcadium listener %' GROUP BY 1`,
  );
  await admin.end();
  const services = new Map(
    ['auth', 'notification', 'wiki'].map((name) => [new URL(mesh.database.url(name)).username, name]),
  );
  return Object.fromEntries(rows.map(({ role, n }) => [services.get(role) ?? role, n]));
}

test('the PostgreSQL of Compose has room for the connections of four replicas of each service', async () => {
  await expect.poll(listeners).toEqual({ auth: 3, notification: 1, wiki: 1 });
  const most = databaseFields.DATABASE_POOL_MAX.parse(undefined);
  const each = Object.values(await listeners()).map((count) => most + ofListener * count + further);
  const all = replicas * each.reduce((sum, count) => sum + count, 0);
  const compose = readFileSync(join(root, 'docker/docker-compose.yml'), 'utf8');
  const [, room] = /max_connections=(\d+)/.exec(compose) ?? [];
  // Provisioning ends before any service starts.
  expect(all).toBeLessThanOrEqual(Number(room) - reserved);
});
