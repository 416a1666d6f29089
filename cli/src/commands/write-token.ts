import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { openEnvFile } from '../setup/env-file.ts';

/**
 * Puts a service's token where the service reads it: its `.env`, or the file that `SERVICE_TOKEN_FILE` there names.
 *
 * @param root The repository.
 * @returns the path of the file that was written.
 * @throws Error when there is no folder of such a service.
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
  // Where both are set, the service reads the first.
  if (!own && named) return writeSecret(resolve(folder, named), token);
  const file = openEnvFile(path);
  file.replace('SERVICE_TOKEN', token);
  file.save();
  return path;
}

/** All or nothing, readable by its owner alone. */
function writeSecret(path: string, content: string): string {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, `${content}\n`, { mode: 0o600 });
  renameSync(draft, path);
  return path;
}
