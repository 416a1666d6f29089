import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../workspace.ts';
import { run } from './run.ts';

/** TypeScript files of a package, and where the compiled ones go. */
export interface Sources {
  /** Of the package, absolute. */
  readonly folder: string;
  /** From `folder`; what they import is compiled with them. */
  readonly entries: readonly string[];
  /** Absolute; holds `dist` afterwards. */
  readonly stage: string;
  /** Declarations of packages compiled before, by what is imported: `@arcadium/mesh/client` → a file. */
  readonly compiled: ReadonlyMap<string, string>;
}

/**
 * Compiles a package to modules, declarations and source maps that hold the sources.
 *
 * Checks against the library of the oldest Node that the packages run on (`engines`), not that of this repository.
 *
 * @throws Error with the compiler's messages.
 */
export function compile({ folder, entries, stage, compiled }: Sources): void {
  const project = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      incremental: false,
      // eslint-disable-next-line unicorn/no-null -- removes the inherited option
      tsBuildInfoFile: null,
      // Node 22 has no `using`, and not all of the newer library.
      target: 'es2023',
      lib: ['es2024', 'esnext.array', 'esnext.collection', 'esnext.iterator'],
      typeRoots: [join(root, 'node_modules/@types')],
      rootDir: join(folder, 'src'),
      outDir: join(stage, 'dist'),
      declaration: true,
      sourceMap: true,
      inlineSources: true,
      rewriteRelativeImportExtensions: true,
      paths: Object.fromEntries([...compiled].map(([name, path]) => [name, [path]])),
    },
    files: entries.map((entry) => join(folder, entry)),
    include: [],
  };
  const path = join(stage, 'tsconfig.json');
  writeFileSync(path, JSON.stringify(project));
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', path], { cwd: root });
}
