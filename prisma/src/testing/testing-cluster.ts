import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEmbedded, type EmbeddedPostgres } from '../embedded/embedded.ts';
import { findFreePort } from './free-port.ts';

export { findFreePort } from './free-port.ts';

/** A PostgreSQL of a test's own, to be killed and started again on the same data and port. */
export interface TestCluster extends AsyncDisposable {
  readonly port: number;
  readonly dataDir: string;
  readonly adminUrl: string;
  /** The running postmaster. */
  readonly server: EmbeddedPostgres;
  start(): Promise<EmbeddedPostgres>;
  /** `kill -9` to the postmaster; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts one in a temporary folder, which is removed when it is disposed. */
export async function createTestCluster(): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-cluster-'));
  chmodSync(folder, 0o755); // as root, PostgreSQL runs under another account
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
