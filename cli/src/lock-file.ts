/** What is read here of package-lock.json. */
export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly engines?: unknown;
  hasInstallScript?: boolean;
}

/**
 * The lock file as it is committed: without what installed packages say of
 * the Node that they need, and of the install scripts that package.json's
 * `allowScripts` denies.
 *
 * npm compares `engines` with the Node that runs npm. Here that Node runs
 * nothing else: packages run on the one that comes with the install, and
 * `npm run lock` has compared them with that. And npm 10 knows no
 * `allowScripts`, but runs no script that the lock does not tell of.
 */
export function tidyLock(lock: LockFile, allowScripts: Readonly<Record<string, boolean>>): LockFile {
  const packages = Object.entries(lock.packages).map(([path, locked]) => {
    const [, name] = /.*node_modules\/(.+)$/.exec(path) ?? [];
    if (name === undefined) return [path, locked];
    const { engines: _engines, ...quiet } = locked;
    if (allowScripts[name] !== true) delete quiet.hasInstallScript;
    return [path, quiet];
  });
  return { ...lock, packages: Object.fromEntries(packages) };
}
