import { globSync, readFileSync } from 'node:fs';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const common = {
  // Processes, not threads: some suites kill, and each may change its environment.
  pool: 'forks',
  // A bound for what hangs. Real databases and processes on a busy machine take what they take.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  setupFiles: ['./vitest.setup.ts'],
  expect: { poll: { timeout: 20_000 } },
} satisfies TestProjectInlineConfiguration['test'];

const ofOneSource = ['{cli,contracts,mesh,prisma,services}/**/*.test.ts'];
/** Suites with a process each: those of processes, and those that fake timers, of which a process has one set. */
const alone = [
  'e2e/*.test.ts',
  ...globSync(ofOneSource, { exclude: ['**/node_modules/**'] }).filter((path) =>
    /useFake(Timers|Clock)/.test(readFileSync(path, 'utf8')),
  ),
];

const together = {
  // Two more than the two cores that this is planned for: suites of processes wait for most of their time.
  maxWorkers: 4,
  sequence: { groupOrder: 0 },
} satisfies TestProjectInlineConfiguration['test'];

export default defineConfig({
  test: {
    // One PostgreSQL for the run; suites get a database each (prisma/src/testing/).
    globalSetup: ['./prisma/src/testing/testing-setup.ts'],
    projects: [
      // These two run at the same time, as their workers are free, the first one's suites first.
      {
        extends: true,
        test: {
          name: 'alone',
          ...common,
          include: alone,
          ...together,
        },
      },
      {
        extends: true,
        test: {
          name: 'test',
          ...common,
          // In one process for many: to load a service takes longer than most of its suites.
          isolate: false,
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', 'bench/src/stacks.test.ts', 'e2e/**', ...alone],
          ...together,
        },
      },
      {
        extends: true,
        test: {
          name: 'load',
          ...common,
          // What keeps both cores busy comes last, and by itself: two at a time, as one waits for half of it.
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
          // What measures time: `npm run test:measured`, on a machine that does nothing else.
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
          // A call through every row of the benchmark, with the peers installed: `npm run test:bench`.
          include: ['bench/src/stacks.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
