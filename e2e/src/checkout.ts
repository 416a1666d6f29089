import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from './process.ts';

/** The sources that `npm run dev` needs. */
const sources = ['cli', 'contracts', 'mesh', 'prisma', 'services'];
const files = ['package.json', 'package-lock.json', 'turbo.json', '.env.example'];
/** Other workspaces, of which npm and turbo want to see that they are there. */
const named = ['e2e/package.json', 'bench/package.json'];

/** What a checkout has that is not in git. */
const made = ['node_modules', '.data', '.turbo', 'generated'];

/**
 * Makes another checkout of this repository in a temporary folder, as after
 * `git clone` and `npm install`: nothing is set up, and what is changed there
 * changes nothing here. Its packages are those of this one.
 */
export function makeCheckout(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-checkout-'));
  chmodSync(folder, 0o755); // as root, PostgreSQL runs under another account
  const isSource = (path: string) => {
    const name = basename(path);
    return !made.includes(name) && !(name.startsWith('.env') && name !== '.env.example');
  };
  for (const path of [...sources, ...files, ...named].filter((one) => existsSync(join(root, one))))
    cpSync(join(root, path), join(folder, path), { recursive: true, filter: isSource });
  linkPackages(folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** `node_modules` as npm makes it: links to the packages that are there, but for ours, which are the checkout's own. */
function linkPackages(folder: string): void {
  const packages = join(folder, 'node_modules');
  mkdirSync(join(packages, '@arcadium'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!['@arcadium', '.cache'].includes(name))
      symlinkSync(join(root, 'node_modules', name), join(packages, name));
  for (const name of ['contracts', 'mesh', 'prisma', 'cli'])
    symlinkSync(join(folder, name), join(packages, '@arcadium', name));
}
