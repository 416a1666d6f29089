import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { within } from '@arcadium/mesh/config';
import { Client } from 'pg';

import { commandOf, findAccount, identityOf } from './account.ts';
import { findBinaries } from './binaries.ts';
import { clearStaleLock, initialiseCluster, resetPassword, type Cluster } from './cluster.ts';
import { reapWithUs } from './process.ts';

/** Options of {@link startEmbedded}. */
export interface EmbeddedOptions {
  /** Data directory, created if missing. The server's log is `<dataDir>.log`. */
  dataDir: string;
  /** TCP port, on 127.0.0.1 only. */
  port: number;
  /** Where the port is set, for errors, such as `POSTGRES_PORT in .env`. @default not named */
  portSetting?: string;
  /** Password of the superuser `postgres`; a changed one replaces the old one. */
  password: string;
  /** `true`: data survives crashes. `false`: fast and unsafe, and the directory is removed at the end. */
  persistent: boolean;
  /** More of PostgreSQL's settings, such as `wal_level=replica`; they override those of this package. @default [] */
  settings?: readonly string[];
}

export interface EmbeddedPostgres {
  /** `postgres://postgres:…@127.0.0.1:<port>/postgres`. */
  adminUrl: string;
  /** Process id of the postmaster. */
  pid: number;
  /** Resolves when the server has ended for any reason, with a description. */
  exited: Promise<string>;
  /** Fast shutdown; resolves when the process has ended. May be called several times. */
  stop(): Promise<void>;
}

/** Longest wait for a server to accept connections, including crash recovery, in milliseconds. */
const startPatienceMs = 60_000;
/** After this time, a fast shutdown becomes an immediate one, in milliseconds. */
const stopPatienceMs = 10_000;
/** A longer log is moved aside at the next start, in bytes. */
const logLimitBytes = 10_000_000;

const lean = [
  'max_connections=200',
  'shared_buffers=64MB',
  'wal_level=minimal',
  'max_wal_senders=0',
  'jit=off',
  'shared_preload_libraries=pg_stat_statements',
];
const unsafeButFast = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off'];

/**
 * Starts a real PostgreSQL from npm's binaries and waits until it answers. It ends with this process in any
 * case.
 *
 * @throws Error with the port (and its setting) if it is taken, with the process if another server uses the
 * data directory, or with the end of the server's log if it does not start.
 *
 * @example
 * const server = await startEmbedded({ dataDir: '/tmp/pg/data', port: 5433, password: 'secret', persistent: false });
 * const pool = new Pool({ connectionString: server.adminUrl });
 * await server.stop();
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { dataDir, password } = options;
  const binaries = await findBinaries();
  const account = findAccount(binaries.postgres, dataDir);
  const cluster: Cluster = { binaries, account, dataDir, password };
  await clearStaleLock(dataDir);
  await requirePort(options);
  await initialiseCluster(cluster);
  const server = launch(cluster, options);
  const state = await waitUntilReady(server);
  if (state === 'ready') return server;
  await stopWithoutCleanUp(server);
  await resetPassword(cluster);
  const again = launch(cluster, options);
  if ((await waitUntilReady(again)) === 'ready') return again;
  await again.stop();
  throw new Error(`PostgreSQL on ${dataDir} refuses the password it was just given`);
}

interface Server extends EmbeddedPostgres {
  child: ChildProcess;
  /** The server's log since it was launched. */
  output(): string;
}

function launch({ binaries, account }: Cluster, options: EmbeddedOptions): Server {
  const { dataDir, port, password, persistent, settings: more = [] } = options;
  const { log, output } = openLog(`${dataDir}.log`);
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=', // nothing in /tmp, and no limit on the length of a path
    'timezone=UTC',
    'log_timezone=UTC',
    ...lean,
    ...(persistent ? [] : unsafeButFast),
    ...more,
  ];
  const args = ['-D', dataDir, ...settings.flatMap((setting) => ['-c', setting])];
  const child = spawn(...commandOf(account, binaries.postgres, args), {
    ...identityOf(account),
    cwd: dataDir,
    // Ctrl-C goes to the whole process group, but the services still need their database then: the caller
    // stops it.
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const pid = child.pid ?? 0;
  const callOffReaper = pid > 0 ? reapWithUs(pid, persistent ? undefined : dataDir) : () => {};
  const killWithUs = () => child.kill('SIGINT');
  process.once('exit', killWithUs);
  const exited = new Promise<string>((resolve) => {
    const end = (how: string) => {
      process.removeListener('exit', killWithUs);
      callOffReaper();
      resolve(how);
    };
    child.once('error', (error) => end(`could not be run: ${error.message}`));
    child.once('exit', (code, signal) => end(signal ? `ended by ${signal}` : `exit code ${code}`));
  });
  let stopping: Promise<void> | undefined;
  const server: Server = {
    adminUrl: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    pid,
    exited,
    child,
    output,
    stop: () => (stopping ??= stopAndCleanUp(server, persistent ? undefined : dataDir)),
  };
  return server;
}

async function stopAndCleanUp(server: Server, leftovers: string | undefined): Promise<void> {
  await stopWithoutCleanUp(server);
  if (leftovers === undefined) return;
  rmSync(leftovers, { recursive: true, force: true });
  rmSync(`${leftovers}.log`, { force: true });
}

async function stopWithoutCleanUp(server: Server): Promise<void> {
  const gone = server.exited.then(() => true);
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    server.child.kill(signal);
    if (await within(() => gone, { ms: stopPatienceMs, onLate: () => false })) return;
  }
}

async function waitUntilReady(server: Server): Promise<'ready' | 'wrong password'> {
  const ended = new AbortController();
  void server.exited.then((how) => ended.abort(how));
  const until = performance.now() + startPatienceMs;
  let last: unknown;
  while (!ended.signal.aborted && performance.now() < until) {
    const client = new Client({ connectionString: server.adminUrl, connectionTimeoutMillis: 5_000 });
    client.on('error', () => {}); // `exited` reports a server that ends again
    try {
      await client.connect();
      await client.end();
      return 'ready';
    } catch (error) {
      if ((error as { code?: string }).code === '28P01') return 'wrong password';
      last = error;
    }
    await delay(20);
  }
  const reason = String(ended.signal.aborted ? ended.signal.reason : last);
  const output = server.output().trim();
  await server.stop();
  throw new Error(`PostgreSQL did not start (${reason}):\n${output}`, { cause: last });
}

async function requirePort({ port, portSetting }: EmbeddedOptions): Promise<void> {
  const remedy = `set another port${portSetting ? ` as ${portSetting}` : ''}`;
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new Error(
          cause.code === 'EADDRINUSE'
            ? `port ${port} of 127.0.0.1 is taken by another program: stop it, or ${remedy}`
            : `port ${port} of 127.0.0.1 cannot be used (${cause.code}): ${remedy}`,
          { cause },
        ),
      ),
    );
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}

function openLog(file: string): { log: number; output: () => string } {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > logLimitBytes) renameSync(file, `${file}.1`);
  const log = openSync(file, 'a', 0o600);
  const start = fstatSync(log).size;
  return { log, output: () => readFileSync(file).subarray(start).toString('utf8').slice(-4_000) };
}
