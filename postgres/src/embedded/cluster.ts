import { execFile, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import { escapeLiteral } from 'pg';

import { commandOf, identityOf, type Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { isRunning } from './process.ts';

const run = promisify(execFile);

/** What is needed to work on a data directory without a running server. */
export interface Cluster {
  binaries: Binaries;
  account: Account;
  dataDir: string;
  password: string;
}

/**
 * Creates the data directory if there is none. `initdb` works in a temporary directory that is renamed at the
 * end, so an interrupted first start leaves nothing that looks like a database.
 *
 * @throws Error if the directory contains something else, or if `initdb` fails.
 */
export async function initialiseCluster(cluster: Cluster): Promise<void> {
  const { binaries, account, dataDir } = cluster;
  if (existsSync(join(dataDir, 'PG_VERSION'))) return;
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
    throw new Error(
      `${dataDir} is neither empty nor a PostgreSQL data directory: move it away and start again`,
    );
  }
  mkdirSync(dirname(dataDir), { recursive: true });
  removeAbandoned(dataDir);
  const draft = `${dataDir}.init-${process.pid}`;
  const passwordFile = `${draft}.password`;
  try {
    mkdirSync(draft, { mode: 0o700 });
    writeFileSync(passwordFile, `${cluster.password}\n`, { mode: 0o600 });
    own(account, draft, passwordFile);
    await run(...commandOf(account, binaries.initdb, initdbArguments(draft, passwordFile)), {
      ...identityOf(account),
      cwd: '/',
    });
    renameSync(draft, dataDir);
  } catch (cause) {
    const { stderr } = cause as { stderr?: string };
    const hint = account.uid === undefined ? '' : unreachableHint(dataDir);
    throw new Error(`initdb failed for ${dataDir}: ${stderr?.trim() || String(cause)}${hint}`, { cause });
  } finally {
    rmSync(draft, { recursive: true, force: true });
    rmSync(passwordFile, { force: true });
  }
}

function initdbArguments(draft: string, passwordFile: string): string[] {
  return [
    `--pgdata=${draft}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own locale: the same sort order on every machine, and lower() handles more than ASCII.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    // Saves seconds on a slow disk: after a crash of the machine, an empty directory is simply created again.
    '--no-sync',
  ];
}

function own(account: Account, ...paths: string[]): void {
  const { uid, gid } = account;
  if (uid === undefined || gid === undefined) return;
  for (const path of paths) chownSync(path, uid, gid);
}

function unreachableHint(dataDir: string): string {
  return `\nPostgreSQL refuses to run as root, so it runs as the account "postgres", which must be able to reach ${dirname(dataDir)} and node_modules: move both outside of root's home, or run as an ordinary user`;
}

function removeAbandoned(dataDir: string): void {
  const prefix = `${basename(dataDir)}.init-`;
  for (const name of readdirSync(dirname(dataDir))) {
    if (!name.startsWith(prefix) || isRunning(Number.parseInt(name.slice(prefix.length), 10))) continue;
    rmSync(join(dirname(dataDir), name), { recursive: true, force: true });
  }
}

/**
 * How long to wait for an earlier server, in milliseconds: while it stops, and until it is told to stop after
 * the process that started it has ended.
 */
const patienceMs = { stopping: 10_000, running: 1_500 };

/**
 * Removes a `postmaster.pid` whose process is gone or is another program (PostgreSQL itself only checks that
 * the process id is in use, which in a container it usually is). Waits for a server that is stopping.
 *
 * @throws Error if a server still uses the directory.
 */
export async function clearStaleLock(dataDir: string): Promise<void> {
  const lockFile = join(dataDir, 'postmaster.pid');
  const startedAt = performance.now();
  for (;;) {
    const content = readIfThere(lockFile);
    if (content === undefined) return;
    const pid = Number.parseInt(content, 10);
    if (!isPostgres(pid)) return rmSync(lockFile, { force: true });
    const state = content.split('\n')[7]?.trim() === 'stopping' ? 'stopping' : 'running';
    if (performance.now() - startedAt > patienceMs[state]) {
      throw new Error(
        `a PostgreSQL of an earlier run (pid ${pid}) still uses ${dataDir}: stop it with "kill -INT ${pid}" and start again`,
      );
    }
    await delay(50);
  }
}

function isPostgres(pid: number): boolean {
  if (!isRunning(pid)) return false;
  const { stdout, status } = spawnSync('ps', ['-p', String(pid), '-o', 'stat=,args='], { encoding: 'utf8' });
  if (status !== 0) return readIfThere(`/proc/${pid}/cmdline`)?.includes('postgres') ?? true; // images without ps
  return !stdout.startsWith('Z') && stdout.includes('postgres');
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Sets the password of `postgres` without the old one; no server may be running. */
export async function resetPassword(cluster: Cluster): Promise<void> {
  const { binaries, account, dataDir, password } = cluster;
  const single = execFile(...commandOf(account, binaries.postgres, ['--single', '-D', dataDir, 'postgres']), {
    ...identityOf(account),
    cwd: '/',
  });
  const done = new Promise<void>((resolve, reject) => {
    single.once('error', reject);
    single.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`postgres --single ended with ${code}`)),
    );
  });
  // Single-user mode ends a statement at a newline, so the literal must not contain one; pg would write it
  // unescaped.
  single.stdin?.end(`ALTER ROLE postgres PASSWORD ${escapeLiteral(password.replaceAll('\n', ''))}\n`);
  await done;
}
