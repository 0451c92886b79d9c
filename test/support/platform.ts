/** Node's platform for tests. Tasks run on this thread unless a pool is asked for. */
import type { Platform, Threads } from '../../src/core/platform.ts';
import { nodePlatform } from '../../src/node/platform.ts';

export const sameThread: Threads = {
  width: 1,
  run: async (task, input) => (await task.run(input, testPlatform)).value,
};

export const testPlatform: Platform = nodePlatform(sameThread);
