import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

// Node's compile cache, for workers and the processes that they start; with relative paths, for copies of the checkout.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/node-compile-cache');
process.env['NODE_COMPILE_CACHE_PORTABLE'] ??= '1';

const common = {
  // Processes instead of threads: some suites kill processes, and each may change its environment.
  pool: 'forks',
  // Only for tests that hang: real databases and processes are slow on a busy machine.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  setupFiles: ['./vitest.setup.ts'],
  // What Vite made of a file is kept for the next worker and the next run.
  fsModuleCache: true,
  fsModuleCachePath: './node_modules/.cache/vitest',
  expect: { poll: { timeout: 20_000 } },
} satisfies TestProjectInlineConfiguration['test'];

const ofOneSource = ['{cli,contracts,mesh,postgres,prisma,services}/**/*.test.ts'];
/** Suites of the dashboard's page open what it builds. */
const page = {
  globalSetup: ['./e2e/src/dashboard-page/build-page.ts'],
} satisfies TestProjectInlineConfiguration['test'];
/** Suites that need a process each: those that start processes, and those that fake timers, which belong to the process. */
const alone = [
  'e2e/*.test.ts',
  ...globSync(ofOneSource, { exclude: ['**/node_modules/**'] }).filter((path) =>
    /useFake(Timers|Clock)/.test(readFileSync(path, 'utf8')),
  ),
];

const together = {
  // Two more than the two cores of the intended machine: suites with processes mostly wait.
  maxWorkers: 4,
  sequence: { groupOrder: 0 },
} satisfies TestProjectInlineConfiguration['test'];

export default defineConfig({
  test: {
    // One PostgreSQL for the run; each suite gets a database (postgres/src/testing/).
    globalSetup: ['./postgres/src/testing/testing-setup.ts'],
    projects: [
      // These two run at the same time as workers are free; suites of the first start first.
      {
        extends: true,
        test: {
          name: 'alone',
          ...common,
          ...page,
          include: alone,
          ...together,
        },
      },
      {
        extends: true,
        test: {
          name: 'test',
          ...common,
          // Several suites in one process: loading a service takes longer than most of its suites.
          isolate: false,
          include: ['**/*.test.ts'],
          exclude: [
            '**/node_modules/**',
            'dist/**',
            'bench/src/stacks.test.ts',
            'e2e/**',
            'examples/**',
            ...alone,
          ],
          ...together,
        },
      },
      {
        extends: true,
        test: {
          name: 'load',
          ...common,
          // Suites that need both cores run last, two at a time, because one of them waits half of the time.
          include: ['e2e/load/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'measured',
          ...common,
          ...page,
          // Timing tests: `npm run test:measured`, on an otherwise idle machine.
          include: ['e2e/measured/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'bench',
          ...common,
          // A call through every row of the benchmark, with its packages installed: `npm run test:bench`.
          include: ['bench/src/stacks.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
