import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** Whether the peers are installed as the lock file of the benchmark says. */
export function peersInstalled(): boolean {
  // npm writes its own copy of the lock when an installation has succeeded.
  const installed = writtenAt('node_modules/.package-lock.json');
  return installed !== undefined && installed >= (writtenAt('package-lock.json') ?? 0);
}

/**
 * Installs the packages that the mesh is compared with, unless they are there.
 *
 * @throws Error with what npm printed, when it fails.
 */
export function installPeers(): void {
  if (peersInstalled()) return;
  console.log('Installing what the mesh is compared with, into bench/node_modules');
  // npm that runs this script, on the Node that came with the project; `npm` from the path otherwise.
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
