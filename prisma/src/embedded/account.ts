import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** How PostgreSQL is run, which refuses to run as root. Empty: as we are. */
export interface Account {
  uid?: number;
  gid?: number;
  /** A program, with arguments, that runs what follows them. */
  wrapper?: readonly [string, ...string[]];
}

/** Root outside, nobody in particular inside: the files stay root's, and PostgreSQL sees an ordinary user. */
const namespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000'] as const;

/** What to hand to `spawn`: the program and its arguments, through the wrapper if there is one. */
export function commandOf(account: Account, program: string, args: readonly string[]): [string, string[]] {
  const [first, ...rest] = [...(account.wrapper ?? []), program, ...args];
  return [first, rest];
}

/** The part of an account that `spawn` takes as options. */
export function identityOf({ uid, gid }: Account): { uid?: number; gid?: number } {
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
}

/**
 * How to run PostgreSQL: as we are, or, as root, under the account `postgres`,
 * made when it is missing. Where that account could not get at the program or
 * the data, below root's home for one, a user namespace serves instead.
 *
 * @param program The server's program.
 * @param dataDir Its data, which need not exist yet.
 * @throws Error when the account can be neither found nor made.
 */
export function findAccount(program: string, dataDir: string): Account {
  if (process.getuid?.() !== 0) return {};
  const isRoots = statSync(dataDir, { throwIfNoEntry: false })?.uid === 0;
  if ((isRoots || !isOpen(program) || !isOpen(dataDir)) && hasNamespaces()) return { wrapper: namespace };
  const existing = readAccount();
  if (existing) return existing;
  try {
    execFileSync('groupadd', ['--force', 'postgres'], { stdio: 'pipe' });
    execFileSync('useradd', ['--gid', 'postgres', '--no-create-home', 'postgres'], { stdio: 'pipe' });
  } catch (cause) {
    throw new Error('PostgreSQL refuses to run as root and the account "postgres" could not be made', {
      cause,
    });
  }
  const created = readAccount();
  if (!created) throw new Error('the account "postgres" was made but cannot be found');
  return created;
}

/** Whether everybody may pass through all folders above a path, those that exist. */
function isOpen(path: string): boolean {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
}

function hasNamespaces(): boolean {
  const [first, ...rest] = namespace;
  try {
    execFileSync(first, [...rest, 'true'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

function readAccount(): { uid: number; gid: number } | undefined {
  try {
    return { uid: readId('-u'), gid: readId('-g') };
  } catch {
    return undefined;
  }
}

function readId(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { stdio: 'pipe' }).toString());
}
