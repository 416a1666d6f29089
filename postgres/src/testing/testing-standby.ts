import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from 'pg';

import { createTestCluster, type TestCluster } from './testing-cluster.ts';

/** What a server needs to have standbys. */
export const primarySettings = ['wal_level=replica', 'max_wal_senders=5', 'wal_keep_size=256MB'];

/** What is not copied from a running server: its lock, its log, and what the standby receives. */
const notCopied = ['postmaster.pid', 'postmaster.opts', 'pg_wal', 'pg_replslot'];

/** A primary and a hot standby that streams from it. */
export interface Replicated extends AsyncDisposable {
  readonly primary: TestCluster;
  readonly standby: TestCluster;
  /** Makes the standby the primary; resolves when it takes writes. */
  promote(): Promise<void>;
}

/**
 * Starts a primary, makes a base copy of it while it runs, and starts that as its synchronous standby: what the
 * primary has acknowledged, both have.
 *
 * @example
 * await using servers = await createReplicated();
 * await servers.primary.kill();
 * await servers.promote();
 */
export async function createReplicated(): Promise<Replicated> {
  const primary = await createTestCluster({ settings: primarySettings });
  const standby = await createTestCluster({
    settings: [...primarySettings, 'hot_standby=on'],
    fill: (dataDir) => copyRunning(primary, dataDir),
  }).catch(async (error: unknown) => {
    await primary[Symbol.asyncDispose]();
    throw error;
  });
  await ask(primary, "ALTER SYSTEM SET synchronous_standby_names = 'standby'", 'SELECT pg_reload_conf()');
  return {
    primary,
    standby,
    promote: () => ask(standby, 'SELECT pg_promote(true, 60)'),
    async [Symbol.asyncDispose]() {
      await standby[Symbol.asyncDispose]();
      await primary[Symbol.asyncDispose]();
    },
  };
}

/** @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP */
async function copyRunning({ adminUrl, dataDir, port }: TestCluster, copy: string): Promise<void> {
  const client = new Client(adminUrl);
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', true)");
    execFileSync('cp', ['-a', dataDir, copy]);
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    for (const name of notCopied) rmSync(join(copy, name), { recursive: true, force: true });
    const { uid, gid } = statSync(join(dataDir, 'PG_VERSION'));
    for (const name of ['pg_wal', 'pg_replslot']) {
      mkdirSync(join(copy, name), { mode: 0o700 });
      chownSync(join(copy, name), uid, gid);
    }
    const source = `host=127.0.0.1 port=${port} user=postgres password=secret application_name=standby`;
    const files = {
      backup_label: rows[0]?.labelfile ?? '',
      'standby.signal': '',
      'postgresql.auto.conf': `primary_conninfo = '${source}'\n`,
    };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(copy, name), content, { mode: 0o600 });
      chownSync(join(copy, name), uid, gid);
    }
  } finally {
    await client.end();
  }
}

async function ask({ adminUrl }: TestCluster, ...statements: readonly string[]): Promise<void> {
  const client = new Client(adminUrl);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
