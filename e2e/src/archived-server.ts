import { execFileSync, spawn } from 'node:child_process';
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import pg from 'pg';
import { until } from './mesh.ts';
import { root, watchProcess, type RunningProcess } from './process.ts';

/** Where the programs of PostgreSQL are, of which npm has three only. Debian keeps a folder for each version. */
export const programs: string | undefined = findPrograms();

function findPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql';
  try {
    const newest = readdirSync(debian)
      .toSorted((a, b) => Number(a) - Number(b))
      .at(-1);
    if (newest !== undefined) return join(debian, newest, 'bin');
    return undefined;
  } catch {
    return undefined;
  }
}

/** A PostgreSQL that archives its WAL with the scripts of docker/postgres, in a folder of its own. */
export interface ArchivedServer extends Disposable {
  readonly archive: string;
  /** The data directory of the latest start. */
  readonly data: string;
  url(): string;
  /** Runs a script of docker/postgres as the server's user. @throws Error with its output. */
  script(name: string, args?: readonly string[], environment?: Readonly<Record<string, string>>): string;
  /** Starts on a data directory, created if missing, and waits until it takes writes. */
  start(data: string): Promise<void>;
  /** Ends the server; resolves when it has ended. SIGINT is a fast shutdown. */
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<void>;
}

/** @param archiveTimeoutS After how many seconds a segment is archived that is not full. */
export async function createArchivedServer(archiveTimeoutS: number): Promise<ArchivedServer> {
  if (programs === undefined) throw new Error('pg_basebackup is not here: install postgresql');
  const bin = programs;
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-archive-'));
  const identity = accountOf();
  const own = (path: string) =>
    identity.uid !== undefined && chownSync(path, identity.uid, identity.gid ?? 0);
  own(folder);
  const scripts = join(folder, 'scripts');
  mkdirSync(scripts);
  for (const name of readdirSync(join(root, 'docker/postgres')))
    copyFileSync(join(root, 'docker/postgres', name), join(scripts, name));
  const archive = join(folder, 'archive');
  mkdirSync(archive);
  own(archive);
  const port = await findFreePort();
  const environment = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    ARCHIVE: archive,
    PGHOST: folder,
    PGPORT: String(port),
    PGUSER: 'postgres',
  };
  const run = (program: string, args: readonly string[], others: Readonly<Record<string, string>> = {}) =>
    execFileSync(program, args, {
      ...identity,
      cwd: folder,
      env: { ...environment, ...others },
      encoding: 'utf8',
    });
  const url = () => `postgres://postgres@127.0.0.1:${port}/postgres`;
  let running: RunningProcess | undefined;
  let data = '';

  const start = async (on: string): Promise<void> => {
    data = join(folder, on);
    if (!readdirSync(folder).includes(on))
      run('initdb', ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync']);
    const settings = {
      port,
      unix_socket_directories: folder,
      listen_addresses: '127.0.0.1',
      archive_mode: 'on',
      archive_command: `sh "${scripts}/archive-wal.sh" "%p" "%f"`,
      archive_timeout: archiveTimeoutS,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const options = { ...identity, cwd: folder, env: environment };
    const child = spawn(join(bin, 'postgres'), ['-D', data, ...args], {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running = watchProcess(child);
    await until(() => takesWrites(url()), 'PostgreSQL takes writes', running.output);
  };
  const end = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
    running?.signal(signal);
    await running?.ended;
  };
  return {
    archive,
    get data() {
      return data;
    },
    url,
    script: (name, args = [], others = {}) => run('sh', [join(scripts, name), ...args], others),
    start,
    end,
    [Symbol.dispose]: () => {
      running?.signal('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function takesWrites(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ recovering: boolean }>('SELECT pg_is_in_recovery() AS recovering');
    return rows[0]?.recovering === false;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** PostgreSQL refuses to run as root. */
function accountOf(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
