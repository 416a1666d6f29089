import { defineConfig } from 'vitest/config';

/** `npm run test:compose`: one mesh in containers, from its first start to its end. */
export default defineConfig({
  test: {
    include: ['e2e/compose/*.test.ts'],
    globalSetup: [`${import.meta.dirname}/engine.ts`],
    // Each step depends on the one before.
    bail: 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
