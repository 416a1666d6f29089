import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

const folder = join(import.meta.dirname, '../../../services/dashboard/page');
const run = promisify(execFile);

/** Builds the page into its folder `dist`, from which the dashboard serves it. Once for a run: suites share the folder. */
export async function buildPage(): Promise<void> {
  const { resolve } = createRequire(join(folder, 'vite.config.ts'));
  await run(process.execPath, [join(resolve('vite/package.json'), '../bin/vite.js'), 'build', folder]);
}

/** For Vitest's `globalSetup`. */
export { buildPage as setup };
