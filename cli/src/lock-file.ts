/** The part of package-lock.json that is read here. */
export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly engines?: unknown;
  hasInstallScript?: boolean;
}

/**
 * The lock file as it is committed, without the `engines` of installed packages and without the install
 * scripts that `allowScripts` in package.json denies.
 *
 * npm compares `engines` with the Node that runs npm. Here packages run on the Node of the install instead,
 * and `npm run lock` has compared them with that. And npm 10 does not know `allowScripts`, but runs only
 * scripts that the lock file mentions.
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
