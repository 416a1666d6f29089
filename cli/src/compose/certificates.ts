import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueCertificates } from '../certs/issue-certificates.ts';
import { serviceNames } from '../workspace.ts';

/** Containers with a certificate, besides the services. */
const others = ['backup', 'edge', 'postgres', 'prometheus', 'provision'];

/** Certificates are replaced when they end sooner than this, in milliseconds. */
const renewBeforeMs = 30 * 86_400_000;

/**
 * Writes `docker/secrets/tls/`: a development authority, and for each container a folder with `tls.crt`, `tls.key` and the
 * authority's `ca.crt`. What is there stays, until it ends within 30 days or is not the authority's. Running containers
 * see new files, because folders are mounted.
 *
 * @returns The names that got a new certificate.
 * @throws Error for an authority that cannot be used.
 */
export function writeCertificates(root: string): string[] {
  const secrets = join(root, 'docker/secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  chmodSync(secrets, 0o700);
  const folder = join(secrets, 'tls');
  const names = [...serviceNames(root), ...others].filter((name) => !isGood(folder, name));
  const issued = issueCertificates({ folder, names, hosts: [], trustDomain: 'arcadium.local', days: 365 });
  for (const { folder: own } of issued) {
    // The containers run as another user; the folder of all secrets protects the keys from other users of this machine.
    chmodSync(own, 0o755);
    chmodSync(join(own, 'tls.key'), 0o444);
  }
  return names;
}

/** Whether a folder holds a certificate of the authority, with its key, that does not end soon. */
function isGood(folder: string, name: string): boolean {
  const read = (...path: string[]) => readFileSync(join(folder, ...path));
  try {
    const certificate = new X509Certificate(read(name, 'tls.crt'));
    const authority = read('ca.crt');
    return (
      read(name, 'ca.crt').equals(authority) &&
      certificate.verify(new X509Certificate(authority).publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(read(name, 'tls.key'))) &&
      certificate.validToDate.getTime() > Date.now() + renewBeforeMs
    );
  } catch {
    // Missing, or not what it should be.
    return false;
  }
}
