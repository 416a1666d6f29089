import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import type { Logger } from '@arcadium/postgres/database';
import { startEmbedded } from '@arcadium/postgres/embedded';
import { migrate } from '@arcadium/postgres/migrate';
import { compareWithSchema } from '@arcadium/postgres/migration-diff';
import { provision } from '@arcadium/postgres/provision';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { migrationsFolder, repositoryFolder, schemaFile, servicesWithSchema } from './folders.ts';

// `npm run migration -w prisma -- <service> <name>`: writes the migration from the existing ones to
// schema.prisma. It is applied only to a temporary database.

const quiet: Logger = { info: () => {}, warn: console.warn, error: console.error };

try {
  await writeMigration(process.argv[2], process.argv[3]);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function writeMigration(service: string | undefined, name: string | undefined): Promise<void> {
  if (!service || !existsSync(schemaFile(service)) || !name || !/^[a-z0-9_]+$/.test(name)) {
    const known = servicesWithSchema().join(', ');
    throw new Error(
      `usage: npm run migration -w prisma -- <service> <name>\n  service: ${known}\n  name: what it does, in a-z, 0-9 and _`,
    );
  }
  mkdirSync(migrationsFolder(service), { recursive: true });
  const sql = await nextMigration(service);
  if (sql === '') {
    console.log(`the migrations of ${service} already match its schema.prisma: nothing to write`);
    return;
  }
  const stamp = new Date().toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  const folder = join(migrationsFolder(service), `${stamp}_${name}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'migration.sql'), sql);
  console.log(
    `wrote ${relative(repositoryFolder, join(folder, 'migration.sql'))}: read it before you commit it`,
  );
}

/** The SQL, computed with a temporary database. */
async function nextMigration(service: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-migration-'));
  chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user
  try {
    const password = randomUUID();
    const server = await startEmbedded({
      dataDir: join(folder, 'data'),
      port: await findFreePort(),
      password,
      persistent: false,
    });
    try {
      const url = new URL(server.adminUrl);
      url.username = service;
      url.pathname = '/arcadium';
      await provision({
        adminUrl: server.adminUrl,
        services: [{ name: service, url: url.href }],
        log: quiet,
      });
      await migrate({ service, url: url.href, log: quiet, folder: migrationsFolder(service) });
      return await compareWithSchema(service, url.href, schemaFile(service));
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
