/** The worker's side of src/node/threads.ts: performs the tasks that it is sent. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../core/errors.ts';
import type { Task, Threads } from '../core/platform.ts';
import { type Answer, type Job, plainError } from './job.ts';
import { nodePlatform } from './platform.ts';

/** To be called once, by the entry file of a worker. */
export function serveTasks(tasks: readonly Task<never, unknown>[]): void {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const alone: Threads = {
    width: 1,
    run: () => Promise.reject(new Error('a task does not start others')),
  };
  const platform = nodePlatform(alone, true);

  const perform = async ({ id, task: name, input }: Job): Promise<void> => {
    try {
      const task = byName.get(name);
      assert(task, `no task is called ${name}`);
      const { value, transfer = [] } = await task.run(input as never, platform);
      parentPort?.postMessage({ id, value } satisfies Answer, [...transfer]);
    } catch (error) {
      parentPort?.postMessage({ id, error: plainError(error) } satisfies Answer);
    }
  };

  parentPort?.on('message', (job: Job) => void perform(job));
}
