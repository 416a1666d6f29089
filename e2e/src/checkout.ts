import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
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
  const copy = (flags: string) =>
    execFileSync('cp', [flags, join(root, 'node_modules'), folder], { stdio: 'ignore' });
  try {
    copy('-al');
  } catch {
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
    copy('-a');
  }
  // npm and tsc overwrite these in place, so they must be copies.
  for (const own of ['node_modules/.package-lock.json', 'node_modules/.cache']) {
    rmSync(join(folder, own), { recursive: true, force: true });
    if (existsSync(join(root, own))) cpSync(join(root, own), join(folder, own), { recursive: true });
  }
}
