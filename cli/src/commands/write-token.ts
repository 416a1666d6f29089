import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { openEnvFile } from '../setup/env-file.ts';

/**
 * Writes a service's token to its `.env`, or to the file that `SERVICE_TOKEN_FILE` names there.
 *
 * @param root The repository.
 * @returns The path of the written file.
 * @throws Error if the service has no folder.
 */
export function writeToken(
  root: string,
  { service, token, envFile }: { service: string; token: string; envFile: string },
): string {
  const folder = join(root, 'services', service);
  if (!existsSync(join(folder, 'package.json'))) throw new Error(`There is no service in ${folder}`);
  const path = join(folder, envFile);
  const settings = existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
  const { SERVICE_TOKEN: own, SERVICE_TOKEN_FILE: named } = settings;
  // If both are set, the service reads SERVICE_TOKEN.
  if (!own && named) return writeSecret(resolve(folder, named), token);
  const file = openEnvFile(path);
  file.replace('SERVICE_TOKEN', token);
  file.save();
  return path;
}

/** Atomic, and readable only by the owner. */
function writeSecret(path: string, content: string): string {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, `${content}\n`, { mode: 0o600 });
  renameSync(draft, path);
  return path;
}
