import { defineConfig } from 'vitest/config';

/** `npm run test:compose`: one mesh in containers, and one story from its first start to its end. */
export default defineConfig({
  test: {
    include: ['e2e/compose/*.test.ts'],
    globalSetup: [`${import.meta.dirname}/engine.ts`],
    // One step stands on the one before it.
    bail: 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
