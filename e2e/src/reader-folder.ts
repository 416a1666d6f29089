import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './process.ts';

/** A folder for the commands of a guide, with its own settings. */
export interface ReaderFolder extends AsyncDisposable {
  readonly folder: string;
  write(path: string, content: string): Promise<void>;
}

/** Creates the folder, with the npm scripts, the command line and the packages of this repository. */
export async function makeReaderFolder(services: readonly string[]): Promise<ReaderFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'arcadium-reader-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const copied = ['package.json', 'cli', ...services.map((name) => `services/${name}/package.json`)];
  for (const path of copied) await cp(join(root, path), join(folder, path), { recursive: true });
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      // Snippets may have unused variables.
      compilerOptions: { noUnusedLocals: false, typeRoots: [join(root, 'node_modules/@types')] },
      include: ['*.ts'],
    }),
  );
  return {
    folder,
    async write(path, content) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), content);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
