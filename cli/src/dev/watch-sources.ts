import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { watch } from 'chokidar';
import type { Sources } from './sources.ts';

/**
 * How long there must be no change before changes are reported, in milliseconds: a checkout changes many
 * files.
 */
const quietMs = 150;

/** Changes since the last report. */
export interface Changes {
  readonly services: readonly string[];
  /** One of the files, relative to the repository. */
  readonly file: string;
  /** Number of changed files. */
  readonly count: number;
}

/**
 * Watches the files that the services are made of by folder, so that a file replaced by another of the same
 * name is noticed each time.
 *
 * @param onChange Called after a change, when there was no further one for a moment.
 * @param onError Called with a message when something cannot be watched.
 * @returns A function that stops watching. The promise resolves when every folder is watched, or one cannot
 * be.
 */
export async function watchSources(
  root: string,
  sources: Sources,
  report: { onChange(changes: Changes): void; onError(problem: string): void },
): Promise<() => Promise<void>> {
  const named = (path: string) => relative(root, path).split(sep).join('/');
  const watcher = watch(root, {
    ignoreInitial: true,
    // A file that is replaced disappears for a moment; that is only a change.
    atomic: false,
    ignored: (path) => path !== root && !sources.concerns(named(path)),
  });
  const changed = new Set<string>();
  let quiet: NodeJS.Timeout | undefined;
  const flush = () => {
    const services = [...new Set([...changed].flatMap((file) => sources.servicesOf(file)))];
    // A draft that was renamed no longer exists; its new name does.
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
