import { chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withClient } from '../provision/with-client.ts';
import type { TestCertificate } from './test-authority.ts';
import type { TestCluster } from './testing-cluster.ts';

/** Makes a server present a certificate to new connections, or with `undefined` refuse TLS. */
export async function serveTls(
  cluster: TestCluster,
  certificate: TestCertificate | undefined,
): Promise<void> {
  if (certificate) {
    // PostgreSQL takes a key only from a file of its own user, without rights of others.
    const { uid, gid } = statSync(cluster.dataDir);
    for (const [name, content] of [
      ['server.crt', certificate.cert],
      ['server.key', certificate.key],
    ] as const) {
      const path = join(cluster.dataDir, name);
      writeFileSync(path, content, { mode: 0o600 });
      chownSync(path, uid, gid);
    }
  }
  const { adminUrl } = cluster;
  await withClient(adminUrl, undefined, async (admin) => {
    await admin.query(`ALTER SYSTEM SET ssl = ${certificate ? 'on' : 'off'}`);
    await admin.query('SELECT pg_reload_conf()');
  });
}
