import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createAuthority, type Authority } from '@arcadium/mesh/testing';

export interface IssueOptions {
  /** Folder of the authority, `ca.crt` and `ca.key`; each name gets a folder in it. */
  folder: string;
  /** Services, and others that need a certificate, such as `edge` or `postgres`. */
  names: readonly string[];
  /** Further DNS names and IP addresses of each. */
  hosts: readonly string[];
  /** Of SPIFFE IDs, such as `arcadium.local`. */
  trustDomain: string;
  /** How long the certificates are valid. */
  days: number;
}

export interface IssuedFile {
  readonly name: string;
  readonly folder: string;
  readonly expiresAt: string;
}

/** What each certificate is also valid for: this machine. */
const local = ['localhost', '127.0.0.1', '::1'];

/**
 * Issues a certificate for each name, by the authority in the folder, which is made if there is none. Each name gets the
 * files of a TLS secret in Kubernetes: `tls.crt`, `tls.key` and `ca.crt`. They are replaced one after the other, in an
 * order and a way that running processes can follow.
 *
 * @throws Error for a name or a trust domain that is not valid, and for an authority that cannot be read.
 */
export function issueCertificates({ folder, names, hosts, trustDomain, days }: IssueOptions): IssuedFile[] {
  for (const name of names)
    if (!/^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/.test(name))
      throw new Error(`"${name}" is not a name: use lower-case letters, digits and hyphens`);
  if (!/^[a-z\d._-]{1,255}$/.test(trustDomain))
    throw new Error(
      `"${trustDomain}" is not a trust domain: use lower-case letters, digits, dots and hyphens`,
    );
  const authority = openAuthority(folder);
  return names.map((name) => {
    const all = [name, ...local, ...hosts];
    const { cert, key } = authority.issue(name, {
      dns: all.filter((host) => isIP(host) === 0),
      ips: all.filter((host) => isIP(host) !== 0),
      spiffeId: `spiffe://${trustDomain}/${name}`,
      days,
    });
    const own = join(folder, name);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    put(join(own, 'ca.crt'), authority.cert, 0o644);
    put(join(own, 'tls.key'), key, 0o600);
    put(join(own, 'tls.crt'), cert, 0o644);
    return { name, folder: own, expiresAt: new Date(new X509Certificate(cert).validTo).toISOString() };
  });
}

/** Reads the authority of a folder, or makes it. */
function openAuthority(folder: string): Authority {
  const [certFile, keyFile] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
  if (existsSync(certFile) && existsSync(keyFile)) {
    try {
      const existing = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
      return createAuthority({ existing });
    } catch (cause) {
      throw new Error(`${folder} holds an authority that cannot be used: delete ca.crt and ca.key`, {
        cause,
      });
    }
  }
  if (existsSync(certFile) !== existsSync(keyFile))
    throw new Error(`${folder} has only one of ca.crt and ca.key: add the other, or delete it`);
  const authority = createAuthority();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  put(keyFile, authority.key, 0o600);
  put(certFile, authority.cert, 0o644);
  return authority;
}

/** Writes a file in one step: a reader finds the old content or the new. */
function put(path: string, content: string, mode: number): void {
  const next = `${path}.new`;
  writeFileSync(next, content, { mode });
  // The mode of `writeFileSync` is subject to the umask, and not that of a file that is there.
  chmodSync(next, mode);
  renameSync(next, path);
}
