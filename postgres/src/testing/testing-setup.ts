import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { startEmbedded } from '../embedded/embedded.ts';
import { findFreePort } from './free-port.ts';
import { dropTestDatabases } from './testing.ts';

/**
 * Vitest's global set-up: one PostgreSQL for the whole run, removed afterwards with its data, whether the run
 * passed, failed or was killed. With `TEST_DATABASE_ADMIN_URL`, that server is used, and only the run's
 * databases are removed.
 *
 * @returns The tear-down.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const runId = randomUUID().slice(0, 8);
  project.provide('testDatabaseRunId', runId);
  const external = process.env['TEST_DATABASE_ADMIN_URL'];
  if (external) {
    project.provide('testDatabaseAdminUrl', external);
    return () => dropTestDatabases(external, runId);
  }
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-test-'));
  chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user
  try {
    const server = await startEmbedded({
      dataDir: join(folder, 'data'),
      port: await findFreePort(),
      password: randomUUID(),
      persistent: false,
    });
    project.provide('testDatabaseAdminUrl', server.adminUrl);
    return async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
