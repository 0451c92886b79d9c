/** Entry of a worker thread: the tasks that may run beside the main thread, by name. */
import { parentPort } from 'node:worker_threads';
import { assert } from './core/errors.ts';
import type { Task, Threads } from './core/platform.ts';
import { compressRun } from './formats/containers/udif/compress-run.ts';
import { nodePlatform } from './node/platform.ts';
import { type Answer, type Job, plainError } from './node/threads.ts';
import { leavesTask } from './seal/hash-coverage.ts';

const TASKS: readonly Task<never, unknown>[] = [compressRun, leavesTask];

const alone: Threads = {
  width: 1,
  run: () => Promise.reject(new Error('a task does not start others')),
};
const platform = nodePlatform(alone, true);
const byName = new Map(TASKS.map((task) => [task.name, task]));

async function perform({ id, task: name, input }: Job): Promise<void> {
  try {
    const task = byName.get(name);
    assert(task, `no task is called ${name}`);
    const { value, transfer = [] } = await task.run(input as never, platform);
    parentPort?.postMessage({ id, value } satisfies Answer, [...transfer]);
  } catch (error) {
    parentPort?.postMessage({ id, error: plainError(error) } satisfies Answer);
  }
}

parentPort?.on('message', (job: Job) => void perform(job));
