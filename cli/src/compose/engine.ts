import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../workspace.ts';

/** Runs `docker compose` for the mesh with the terminal's input and output. @returns Its exit code. */
export function compose(args: readonly string[], overlays: readonly string[] = []): number {
  const files = ['docker-compose.yml', ...overlays].flatMap((file) => ['-f', join(root, 'docker', file)]);
  const { status } = spawnSync('docker', ['compose', ...files, ...args], { stdio: 'inherit' });
  return status ?? 1;
}

/** Why no Docker engine can be used; `undefined` if one can. */
export function engineProblem(): string | undefined {
  const version = spawnSync('docker', ['compose', 'version', '--short'], { encoding: 'utf8' });
  if (version.error)
    return 'there is no `docker` command: install Docker Engine 25 or newer with its Compose plugin';
  if (version.status !== 0) return `\`docker compose\` does not work: ${version.stderr.trim()}`;
  const info = spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], { encoding: 'utf8' });
  if (info.status === 0 && info.stdout.trim() !== '') return undefined;
  return `no Docker engine answers: ${info.stderr.trim() || info.stdout.trim()}`;
}
