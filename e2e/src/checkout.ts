import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './process.ts';

/**
 * Creates another checkout of this repository in a temporary folder, as after `git clone` and `npm install`,
 * including uncommitted changes. Nothing is set up, and changes there do not affect this checkout.
 */
export function makeCheckout(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-checkout-'));
  chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  // Deleted files are listed until the deletion is committed.
  for (const file of files
    .trim()
    .split('\n')
    .filter((name) => existsSync(join(root, name))))
    cpSync(join(root, file), join(folder, file));
  copyPackages(folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Copies `node_modules`, whose links to our packages lead into the checkout, with hard links where possible.
 */
export function copyPackages(folder: string): void {
  const [from, to] = [join(root, 'node_modules'), join(folder, 'node_modules')];
  const packages = readdirSync(from).filter((name) => name !== '.cache');
  const copy = (flags: string) => {
    mkdirSync(to);
    execFileSync('cp', [flags, ...packages.map((name) => join(from, name)), to], { stdio: 'ignore' });
  };
  try {
    copy('-al');
  } catch {
    rmSync(to, { recursive: true, force: true });
    copy('-a');
  }
  // npm overwrites it in place, so it must be a copy.
  rmSync(join(to, '.package-lock.json'), { force: true });
  if (existsSync(join(from, '.package-lock.json')))
    cpSync(join(from, '.package-lock.json'), join(to, '.package-lock.json'));
  // It fails where another suite removes a file meanwhile; what is missing in a cache is only made again.
  spawnSync('cp', ['-a', join(from, '.cache'), to], { stdio: 'ignore' });
}
