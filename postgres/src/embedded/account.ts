import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The user that runs PostgreSQL, which refuses to run as root. Empty for the current user. */
export interface Account {
  uid?: number;
  gid?: number;
  /** A program, with arguments, that runs the rest of the command line. */
  wrapper?: readonly [string, ...string[]];
}

/** Root outside and an ordinary user inside: the files stay root's, and PostgreSQL accepts the user. */
const namespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000'] as const;

/** The program and its arguments for `spawn`, with the wrapper if there is one. */
export function commandOf(account: Account, program: string, args: readonly string[]): [string, string[]] {
  const [first, ...rest] = [...(account.wrapper ?? []), program, ...args];
  return [first, rest];
}

/** The options for `spawn`. */
export function identityOf({ uid, gid }: Account): { uid?: number; gid?: number } {
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
}

/**
 * How to run PostgreSQL: as the current user or, for root, as the user `postgres`, which is created if
 * missing. If that user cannot access the program or the data, for example below root's home, in a user
 * namespace instead.
 *
 * @param program The server's program.
 * @param dataDir Its data, which need not exist yet.
 * @throws Error if the user can be neither found nor created.
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

/** Whether all users may pass through the existing folders above a path. */
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
