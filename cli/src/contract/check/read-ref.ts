import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ContractSnapshot } from '@arcadium/mesh/contract';
import { CannotCheck } from './cannot-check.ts';
import type { Git } from './git.ts';
import { readContracts } from './read-contracts.ts';

// A ref is exported into a temporary folder and imported from there, with the mesh of that ref, so that its contracts
// find what they were written for, and with the other packages that are installed here:
//
//   <temporary>/node_modules             → node_modules of this checkout
//   <temporary>/ref/contracts            as committed
//   <temporary>/ref/mesh                 as committed, if the repository has the mesh
//   <temporary>/ref/node_modules/@arcadium/mesh → ../../mesh
//
// Not within node_modules: Node strips no types there.

/**
 * Snapshots of the contracts at a commit.
 *
 * @param folder Of the package of contracts, in this checkout.
 * @throws CannotCheck if the contracts of the commit cannot be imported with the packages installed here.
 */
export async function readRef(
  git: Git,
  { folder, commit }: Readonly<{ folder: string; commit: string }>,
): Promise<readonly ContractSnapshot[]> {
  const temporary = await realpath(await mkdtemp(join(tmpdir(), 'contract-check-')));
  try {
    const ref = join(temporary, 'ref');
    const prefix = await git.ask(['rev-parse', '--show-prefix']);
    await exportFiles(git, { commit, to: ref, paths: [prefix || '.', ':(top)mesh'] });
    await linkPackages(temporary, { folder, ref });
    const contracts = join(ref, prefix);
    if (!existsSync(join(contracts, 'package.json'))) return [];
    return (await readContracts(contracts)).snapshots;
  } catch (error) {
    if (!(error instanceof CannotCheck)) throw error;
    const why = error.message.replaceAll(`${temporary}/ref/`, '');
    throw new CannotCheck(
      `The contracts of ${commit.slice(0, 12)} cannot be read: ${why}. Compare with a file or a running service instead`,
      { cause: error },
    );
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

type Export = Readonly<{ commit: string; to: string; paths: readonly string[] }>;

/** Writes files of a commit into a folder, through an index of its own: that of the checkout stays as it is. */
async function exportFiles(git: Git, { commit, to, paths }: Export): Promise<void> {
  await mkdir(to, { recursive: true });
  const top = await git.ask(['rev-parse', '--show-toplevel']);
  const env = { GIT_INDEX_FILE: join(to, '..', 'index') };
  const names = paths.map((path) => (path.startsWith(':(top)') ? path : `:(top)${path}`));
  await git.ask(['read-tree', commit], env);
  const listed = await git.ask(['-C', top, 'ls-files', '-z', '--', ...names], env);
  const files = listed.split('\0').filter((path) => path !== '');
  // In parts: a command line has a longest length.
  for (let from = 0; from < files.length; from += 500) {
    const part = files.slice(from, from + 500);
    await git.ask(['-C', top, 'checkout-index', '--force', `--prefix=${to}/`, '--', ...part], env);
  }
}

async function linkPackages(
  temporary: string,
  { folder, ref }: Readonly<{ folder: string; ref: string }>,
): Promise<void> {
  const installed = packagesFor(folder);
  if (installed === undefined) throw new CannotCheck(`No node_modules is above ${folder}: run "npm install"`);
  await symlink(installed, join(temporary, 'node_modules'), 'junction');
  const manifest = join(ref, 'mesh', 'package.json');
  if (!existsSync(manifest)) return;
  const { name } = JSON.parse(await readFile(manifest, 'utf8')) as { name?: string };
  if (name !== '@arcadium/mesh') return;
  await mkdir(join(ref, 'node_modules', '@arcadium'), { recursive: true });
  await symlink(join(ref, 'mesh'), join(ref, 'node_modules', '@arcadium', 'mesh'), 'junction');
}

function packagesFor(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const packages = join(at, 'node_modules');
    if (existsSync(join(packages, 'zod'))) return packages;
    if (at === dirname(at)) return undefined;
  }
}
