import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { rolldown, type Plugin } from 'rolldown';
import type { Entry, Group } from '../command-entry.ts';
import { commandTable } from '../command-table.ts';

/** A program to bundle. */
export interface Program {
  /** Of the package, absolute. */
  readonly folder: string;
  /** From `folder`. */
  readonly entries: readonly string[];
  /** Absolute; holds `dist` afterwards. */
  readonly stage: string;
  /** The packages that it may import when it is published; those of this repository that are not are bundled. */
  readonly published: (name: string) => boolean;
}

/** Stands for commands that are not published, because they work on a checkout. */
const notPublished = '\0not-published';

/**
 * Bundles a program with the packages of this repository that are not published. Commands that need a checkout are left out;
 * what is loaded later is in files of its own.
 *
 * @returns The names of the packages that it imports.
 * @throws Error naming a file that imports what is not published.
 */
export async function bundle({ folder, entries, stage, published }: Program): Promise<string[]> {
  const left = checkoutCommands(commandTable).map((path) => resolve(folder, 'src', path));
  const imported = new Set<string>();
  const plugin: Plugin = {
    name: 'published-packages',
    resolveId(id, importer) {
      if (id.startsWith('node:') || importer === undefined) return undefined;
      if (id.startsWith('.')) return left.includes(resolve(dirname(importer), id)) ? notPublished : undefined;
      const name = packageOf(id);
      if (name === undefined || name === '@arcadium/contracts') return undefined;
      if (!published(name))
        throw new Error(`${importer} imports ${name}, which is not published: see needsCheckout`);
      imported.add(name);
      return { id, external: true };
    },
    load: (id) => (id === notPublished ? 'export {};' : undefined),
  };
  const build = await rolldown({
    input: entries.map((entry) => join(folder, entry)),
    platform: 'node',
    plugins: [plugin],
    // Node 22 has no `using`.
    transform: { target: 'es2023' },
    // The modules of the published packages have no effects when they are imported.
    treeshake: { moduleSideEffects: (id) => entries.some((entry) => id === join(folder, entry)) },
  });
  try {
    await build.write({ dir: join(stage, 'dist'), format: 'esm', chunkFileNames: '[name]-[hash].js' });
  } finally {
    await build.close();
  }
  if (!existsSync(join(stage, 'dist'))) throw new Error(`${folder} was not bundled`);
  return [...imported].toSorted();
}

/** The files of the commands that need a checkout, from `src/`. */
function checkoutCommands(entries: Readonly<Record<string, Entry | Group>>): string[] {
  return Object.values(entries).flatMap((entry) => {
    if ('commands' in entry) return checkoutCommands(entry.commands);
    const [, path] = /import\(['"](.+?)['"]\)/.exec(String(entry.load)) ?? [];
    return entry.needsCheckout && path !== undefined ? [path] : [];
  });
}

/** `@scope/name` or `name` of what is imported. */
function packageOf(id: string): string | undefined {
  return /^(?:@[\w.-]+\/)?[\w.-]+/.exec(id)?.[0];
}
