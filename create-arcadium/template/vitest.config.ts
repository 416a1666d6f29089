import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The first start of PostgreSQL takes seconds on a busy machine.
    hookTimeout: 60_000,
    testTimeout: 30_000,
  },
});
