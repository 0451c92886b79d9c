/** The composition of core's interfaces with Node's side of them, for the time of one command. */
import type { Platform } from '../core/platform.ts';
import { nodePlatform } from '../node/platform.ts';
import { createThreadPool, type ThreadPool } from '../node/threads.ts';

let prepared: ThreadPool | undefined;

/** Starts threads that the command will want, so that they are there when its code is loaded. Once is enough. @param width - how many at most */
export function prepareThreads(ready: number, width?: number): void {
  prepared ??= createThreadPool({ ready, ...(width === undefined ? {} : { width }) });
}

/**
 * Gives the platform to `use` and ends its threads afterwards, whatever happened.
 * @param use - a command that lasts calls `rest` when the threads have nothing to do for long; they start again when they have
 */
export async function withPlatform<T>(use: (platform: Platform, rest: () => Promise<void>) => Promise<T>): Promise<T> {
  const threads = prepared ?? createThreadPool();
  prepared = undefined;
  try {
    return await use(nodePlatform(threads), () => threads.close());
  } finally {
    await threads.close();
  }
}
