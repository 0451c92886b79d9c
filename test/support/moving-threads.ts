/** Threads that are none: tasks run here, but what they are given and give back is cloned and moved as between real threads. */
import type { Platform, Threads } from '../../src/core/platform.ts';
import { nodePlatform } from '../../src/node/platform.ts';

export interface MovingThreads extends Threads {
  /** Tasks at work now. */
  readonly running: number;
  /** The most that were at work at once. */
  readonly most: number;
}

export function movingThreads(width: number): MovingThreads & { readonly platform: Platform } {
  const state = { running: 0, most: 0 };
  const threads = {
    width,
    get running() {
      return state.running;
    },
    get most() {
      return state.most;
    },
    async run(task, input, transfer = []) {
      state.running++;
      state.most = Math.max(state.most, state.running);
      try {
        const sent = structuredClone(input, { transfer: [...transfer] });
        const result = await task.run(sent, platform);
        return structuredClone(result.value, { transfer: [...(result.transfer ?? [])] });
      } finally {
        state.running--;
      }
    },
  } satisfies MovingThreads;
  const platform = nodePlatform(threads);
  return Object.defineProperty(threads, 'platform', { value: platform }) as MovingThreads & { readonly platform: Platform };
}
