import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
  /** Sends SIGKILL to the postmaster; resolves when it has ended. */
  kill(): Promise<void>;
}

/**
 * Starts one in a temporary folder, which is removed on disposal.
 *
 * @example
 * await using cluster = await createTestCluster();
 * const pool = new Pool({ connectionString: cluster.adminUrl });
 * await cluster.kill();
 * await cluster.start();
 */
export async function createTestCluster(): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-cluster-'));
  chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user
  const options = {
    dataDir: join(folder, 'data'),
    port: await findFreePort(),
    password: 'secret',
    persistent: true,
  };
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
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
