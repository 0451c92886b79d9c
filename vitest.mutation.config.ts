/** The tests that Stryker runs against each change of a file: those that test/mutation/mutate.mjs names for it. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: process.env['DISKSEAL_MUTATION_TESTS']?.split(',') ?? [],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
