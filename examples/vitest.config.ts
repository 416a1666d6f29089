import { defineConfig } from 'vitest/config';

/** `npm run test:packages` runs the examples outside of the repository; `npx vitest run` here, on its sources. */
export default defineConfig({
  test: { testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 },
});
