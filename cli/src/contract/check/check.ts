import { existsSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ContractSnapshot } from '@arcadium/mesh/contract';
import { applyWaivers, compareAll } from '@arcadium/mesh/contract-check';
import { CannotCheck } from './cannot-check.ts';
import { Git } from './git.ts';
import { readContracts } from './read-contracts.ts';
import { readRef } from './read-ref.ts';
import { readFileSnapshots, readUrl } from './read-snapshots.ts';
import { readWaivers } from './read-waivers.ts';
import type { Result } from './report.ts';

/** What is compared, and with what. */
export type CheckOptions = Readonly<{
  /** Folder of the package of contracts. */
  contracts: string;
  /** A URL, a file, or a commit of git. @default the commit where this branch left `main` */
  against?: string | undefined;
  /** @default `waivers.json` in the folder of contracts */
  waivers?: string | undefined;
  logIn: () => Promise<string>;
}>;

/**
 * Compares the contracts of a folder with those that are deployed.
 *
 * @throws CannotCheck
 */
export async function check({ contracts, against, waivers, logIn }: CheckOptions): Promise<Result> {
  if (!existsSync(contracts)) throw new CannotCheck(`There is no folder ${contracts}`);
  const folder = realpathSync(contracts);
  const old = await readOld(folder, { against, logIn });
  const { snapshots, files } = await readContracts(folder);
  const unknown = old.snapshots.filter(({ name }) => !snapshots.some((one) => one.name === name));
  if (!old.whole && unknown.length === old.snapshots.length) {
    const names = snapshots.map(({ name }) => name).toSorted();
    throw new CannotCheck(
      `${old.words} has the contract of ${unknown.map(({ name }) => name).join()}, and ${folder} those of ${names.join(', ')}`,
    );
  }
  const findings = compareAll(old.snapshots, snapshots, { whole: old.whole });
  const waiverPath = waivers ?? join(folder, 'waivers.json');
  const today = new Date().toISOString().slice(0, 10);
  return {
    ...applyWaivers(findings, readWaivers(waiverPath), today),
    against: old.words,
    fileOf: (service) => relative(process.cwd(), join(folder, files.get(service) ?? 'package.json')),
    waiverFile: relative(process.cwd(), waiverPath),
  };
}

interface Old {
  readonly snapshots: readonly ContractSnapshot[];
  /** Whether these are all services. */
  readonly whole: boolean;
  readonly words: string;
}

async function readOld(
  folder: string,
  { against, logIn }: Pick<CheckOptions, 'against' | 'logIn'>,
): Promise<Old> {
  if (against !== undefined && /^https?:\/\//.test(against)) {
    return { snapshots: await readUrl(against, logIn), whole: false, words: against };
  }
  if (against !== undefined && (against.endsWith('.json') || existsSync(against))) {
    return { snapshots: await readFileSnapshots(against), whole: false, words: against };
  }
  const git = new Git(folder);
  const ref = against ?? (await git.base());
  const commit = await git.commitOf(ref);
  if (commit === undefined) throw await git.missing(ref);
  const words = against === undefined ? commit.slice(0, 12) : `${ref} (${commit.slice(0, 12)})`;
  return { snapshots: await readRef(git, { folder, commit }), whole: true, words };
}
