import { defineConfig } from 'vitest/config';

// A default export because vitest demands one.
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    // One PostgreSQL for the run; suites get a database each (prisma/src/testing.ts).
    globalSetup: ['./prisma/src/testing-setup.ts'],
    // Processes, not threads: some suites kill, and each may change its environment.
    pool: 'forks',
    maxWorkers: 2,
  },
});
