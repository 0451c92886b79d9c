/**
 * `npm run mutate`: the tests that Stryker runs against each change of the path validation and of the verifier. Those of the compiled
 * command line are left out: they would not see the change.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: process.env['DISKSEAL_MUTATION_TESTS']?.split(',') ?? ['test/trust/**/*.test.ts', 'test/verify/**/*.test.ts'],
    exclude: ['test/verify/attacks-files.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
