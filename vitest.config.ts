import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'e2e/compose/**'],
    // One PostgreSQL for the run; suites get a database each (prisma/src/testing/).
    globalSetup: ['./prisma/src/testing/testing-setup.ts'],
    // Processes, not threads: some suites kill, and each may change its environment.
    pool: 'forks',
    maxWorkers: 2,
    // Real databases on a busy machine: a start takes a second there, and some suites do several.
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
