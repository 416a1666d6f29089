import { defineConfig } from 'vitest/config';

/** `npm run test:packages`: what is published, as it is used outside of this repository. */
export default defineConfig({
  test: {
    include: ['e2e/packages/*.test.ts'],
    // The second: a PostgreSQL for the services of this repository.
    globalSetup: [
      `${import.meta.dirname}/outside.ts`,
      `${import.meta.dirname}/../../postgres/src/testing/testing-setup.ts`,
    ],
    // Each starts a process or two.
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
