import { defineConfig } from 'vitest/config';

/** `npm run test:compose`: one mesh in containers, from its first start to its end. */
export default defineConfig({
  test: {
    include: ['e2e/compose/*.test.ts'],
    // One mesh at a time on the machine's ports.
    fileParallelism: false,
    globalSetup: [`${import.meta.dirname}/engine.ts`],
    // Each step depends on the one before.
    bail: 1,
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
});
