import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyPackages, makeCheckout } from '../checkout.ts';
import { root } from '../process.ts';

/** A version of this repository in its own folder, ready to start services from. */
export interface Version {
  readonly name: string;
  readonly folder: string;
  remove(): void;
}

function git(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

function tryGit(...args: string[]): string | undefined {
  try {
    return git(...args);
  } catch {
    return undefined;
  }
}

/**
 * The commit that runs before this tree is rolled out: `UPGRADE_FROM`; else the last release; else where this
 * branch left main; on main itself, the commit before.
 *
 * @returns `undefined` in a shallow clone that does not have it.
 */
export function previousCommit(): string | undefined {
  const wanted = process.env['UPGRADE_FROM'];
  if (wanted) return git('rev-parse', '--verify', `${wanted}^{commit}`);
  const head = git('rev-parse', 'HEAD');
  const release = tryGit('describe', '--tags', '--abbrev=0', '--match=v[0-9]*', 'HEAD^');
  if (release !== undefined) return git('rev-parse', `${release}^{commit}`);
  const left = tryGit('merge-base', 'HEAD', 'origin/main');
  return left !== undefined && left !== head ? left : tryGit('rev-parse', '--verify', 'HEAD^');
}

/** What a commit holds, as `git clone` and `npm ci` make it. */
export function checkOut(commit: string): Version {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-before-'));
  chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user
  const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 1_000_000_000 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  const lock = (of: string) => readFileSync(join(of, 'package-lock.json'), 'utf8');
  if (lock(folder) === lock(root)) copyPackages(folder);
  else execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'pipe' });
  return version(git('log', '-1', '--format=%h %s', commit), folder);
}

/** This tree, uncommitted changes included, with one more migration of each service. */
export function thisTree(migrations: Readonly<Record<string, string>>): Version {
  const { folder } = makeCheckout();
  for (const [service, sql] of Object.entries(migrations)) {
    const migration = join(folder, 'prisma', service, 'migrations', '99990101000000_planted');
    mkdirSync(migration);
    writeFileSync(join(migration, 'migration.sql'), sql);
  }
  return version('this tree', folder);
}

function version(name: string, folder: string): Version {
  execFileSync(process.execPath, ['prisma/src/generate.ts'], { cwd: folder, stdio: 'pipe' });
  if (!existsSync(join(folder, 'prisma/wiki/generated')))
    throw new Error(`${folder} has no generated clients`);
  return { name, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
