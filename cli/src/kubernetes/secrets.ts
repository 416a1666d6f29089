import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Environment } from '@arcadium/mesh/config';
import { writeComposeEnvironment } from '../compose/environment.ts';
import { serviceNames } from '../workspace.ts';

/** The folder that the secretGenerator of the overlay `dev` reads. */
export const secretsFolder = 'docker/kubernetes/overlays/dev/secrets';

/**
 * Writes the secrets of the checkout for the overlay `dev`: those of Compose, because the PostgreSQL of the overlay has
 * the same name and port, but without encrypted connections, which it does not offer. A copy, because kustomize reads no
 * file outside of the overlay.
 *
 * @throws Error with the file and the invalid setting.
 */
export function writeSecrets(root: string, environment: Environment = {}): void {
  writeComposeEnvironment(root, environment);
  const folder = join(root, secretsFolder);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of ['PUBLIC_KEYS', 'postgres', ...serviceNames(root)])
    cpSync(join(root, 'docker/secrets', name), join(folder, name), { recursive: true });
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (/^DATABASE_(\w+_)?URL$/.test(basename(path))) replace(join(folder, path), unencrypted);
}

function unencrypted(text: string): string {
  const url = new URL(text);
  for (const name of ['sslmode', 'sslrootcert']) url.searchParams.delete(name);
  return url.href;
}

/** Replaces a read-only file. */
function replace(path: string, change: (text: string) => string): void {
  const text = change(readFileSync(path, 'utf8'));
  rmSync(path);
  writeFileSync(path, text, { mode: 0o444 });
}
