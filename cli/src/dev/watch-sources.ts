import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { watch } from 'chokidar';
import type { Sources } from './sources.ts';

/** How long it must be quiet before changes are reported, in milliseconds: a checkout changes many files. */
const quietMs = 150;

/** What has changed since the last report. */
export interface Changes {
  readonly services: readonly string[];
  /** One of the files, from the root of the repository. */
  readonly file: string;
  /** How many there are. */
  readonly count: number;
}

/**
 * Watches all that the services are made of, by its folders: a file that is
 * replaced by another of the same name is noticed each time.
 *
 * @param onChange Called when it has been quiet for a moment after a change.
 * @param onError Called when something cannot be watched; what it says is for people.
 * @returns Stops watching. It resolves when every folder is watched, or one cannot be.
 */
export async function watchSources(
  root: string,
  sources: Sources,
  report: { onChange(changes: Changes): void; onError(problem: string): void },
): Promise<() => Promise<void>> {
  const named = (path: string) => relative(root, path).split(sep).join('/');
  const watcher = watch(root, {
    ignoreInitial: true,
    // A file that is replaced is gone for a moment; it has changed, no more.
    atomic: false,
    ignored: (path) => path !== root && !sources.concerns(named(path)),
  });
  const changed = new Set<string>();
  let quiet: NodeJS.Timeout | undefined;
  const flush = () => {
    const services = [...new Set([...changed].flatMap((file) => sources.servicesOf(file)))];
    // A draft that was renamed is gone; what it was renamed to is there.
    const file = [...changed].find((one) => existsSync(join(root, one))) ?? [...changed][0] ?? '';
    const count = changed.size;
    changed.clear();
    if (services.length > 0) report.onChange({ services, file, count });
  };
  watcher.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    changed.add(named(path));
    clearTimeout(quiet);
    quiet = setTimeout(flush, quietMs);
  });
  const { promise: watched, resolve } = Promise.withResolvers<void>();
  watcher.once('ready', resolve);
  watcher.on('error', (error) => {
    report.onError(explain(error));
    resolve();
  });
  await watched;
  return async () => {
    clearTimeout(quiet);
    await watcher.close();
  };
}

function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const limit = code === 'ENOSPC' ? ' (the limit of watched files: sysctl fs.inotify.max_user_watches)' : '';
  return `Not every change will be noticed: ${error instanceof Error ? error.message : String(error)}${limit}`;
}
