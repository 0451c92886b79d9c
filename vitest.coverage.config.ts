/** `npm run coverage`: the usual tests, with the lines and branches they reach in what decides about trust. */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

export default mergeConfig(
  base,
  defineConfig({
    test: {
      coverage: {
        enabled: true,
        provider: 'v8',
        include: ['src/pki/**', 'src/trust/**', 'src/seal/**', 'src/verify/**'],
        reporter: ['text', 'json'],
        thresholds: { lines: 95, branches: 95 },
      },
    },
  }),
);
