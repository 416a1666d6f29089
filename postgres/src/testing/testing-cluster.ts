import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { startEmbedded, type EmbeddedPostgres } from '../embedded/embedded.ts';
import { findFreePort } from './free-port.ts';

export { findFreePort } from './free-port.ts';

/** A separate PostgreSQL for a test, which can be killed and started again with the same data and port. */
export interface TestCluster extends AsyncDisposable {
  readonly port: number;
  readonly dataDir: string;
  readonly adminUrl: string;
  /** The running postmaster. */
  readonly server: EmbeddedPostgres;
  start(): Promise<EmbeddedPostgres>;
  /** Sends SIGKILL to the postmaster; resolves when it and its sessions have ended. */
  kill(): Promise<void>;
}

/**
 * Starts one in a temporary folder, which is removed on disposal.
 *
 * @param options.settings More of PostgreSQL's settings.
 * @param options.fill Writes the data directory, if it is to be the copy of another.
 *
 * @example
 * await using cluster = await createTestCluster();
 * const pool = new Pool({ connectionString: cluster.adminUrl });
 * await cluster.kill();
 * await cluster.start();
 */
export async function createTestCluster({
  settings = [],
  fill = async () => {},
}: {
  settings?: readonly string[];
  fill?: (dataDir: string) => Promise<void>;
} = {}): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-cluster-'));
  chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user
  const options = {
    dataDir: join(folder, 'data'),
    port: await findFreePort(),
    password: 'secret',
    persistent: true,
    settings,
  };
  await fill(options.dataDir);
  let server = await startEmbedded(options);
  return {
    port: options.port,
    dataDir: options.dataDir,
    get adminUrl() {
      return server.adminUrl;
    },
    get server() {
      return server;
    },
    start: async () => (server = await startEmbedded(options)),
    kill: async () => {
      const { stdout } = spawnSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' });
      const sessions = [...stdout.matchAll(new RegExp(`^\\s*${server.pid}\\s+(\\d+)$`, 'gm'))];
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
      // On a busy machine, a session answers once more before it notices that its postmaster is gone.
      while (sessions.some(([, pid]) => runs(Number(pid)))) await delay(10);
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
