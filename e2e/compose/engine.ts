import { spawnSync } from 'node:child_process';

/** Vitest's global set-up: fails with one message if there is no Docker engine. */
export function setup(): void {
  const { error, status, stdout, stderr } = spawnSync('docker', ['compose', 'ls'], { encoding: 'utf8' });
  if (error) throw new Error('The Compose tests need Docker; there is no `docker` command here');
  if (status !== 0) {
    throw new Error(
      `The Compose tests need a Docker engine with Compose, and none answers: ${stderr || stdout}`,
    );
  }
}
