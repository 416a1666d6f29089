import { defineConfig } from 'vitest/config';

/** `npm run test:operations`: drills of what operators do and fear, one at a time. */
export default defineConfig({
  test: {
    include: ['e2e/operations/*.test.ts'],
    // One PostgreSQL for the run; drills that harm a server start their own.
    globalSetup: [`${import.meta.dirname}/../../postgres/src/testing/testing-setup.ts`],
    setupFiles: [`${import.meta.dirname}/../../vitest.setup.ts`],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
