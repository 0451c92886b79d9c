/** The composition of core's interfaces with Node's side of them, for the time of one command. */
import type { Platform } from '../core/platform.ts';
import { nodePlatform } from '../node/platform.ts';
import { createThreadPool } from '../node/threads.ts';

/** Gives the platform to `use` and ends its threads afterwards, whatever happened. */
export async function withPlatform<T>(use: (platform: Platform) => Promise<T>): Promise<T> {
  const threads = createThreadPool();
  try {
    return await use(nodePlatform(threads));
  } finally {
    await threads.close();
  }
}
