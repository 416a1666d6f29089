import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** Whether the packages are installed as in the benchmark's lock file. */
export function peersInstalled(): boolean {
  // npm writes its own copy of the lock file after a successful installation.
  const installed = writtenAt('node_modules/.package-lock.json');
  return installed !== undefined && installed >= (writtenAt('package-lock.json') ?? 0);
}

/**
 * Installs the packages of the other stacks, if needed.
 *
 * @throws Error with npm's output, on failure.
 */
export function installPeers(): void {
  if (peersInstalled()) return;
  console.log('Installing what the mesh is compared with, into bench/node_modules');
  // The npm that runs this script, with the project's Node; otherwise `npm` from the path.
  const { npm_execpath: npm } = process.env;
  const [command, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const { status, error, stdout, stderr } = spawnSync(command, [...first, 'ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    encoding: 'utf8',
    shell: npm === undefined && process.platform === 'win32',
  });
  if (status !== 0) {
    throw new Error(`The peers of the benchmark could not be installed:\n${error ?? stdout + stderr}`);
  }
}

function writtenAt(name: string): number | undefined {
  return statSync(`${folder}/${name}`, { throwIfNoEntry: false })?.mtimeMs;
}

if (import.meta.main) installPeers();
