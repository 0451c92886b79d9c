/** Node's worker threads as core's Threads. The entry file (src/worker.ts) knows the tasks. */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { DisksealError } from '../core/errors.ts';
import type { Task, Threads } from '../core/platform.ts';
import type { Answer, Job } from './job.ts';
import { startWorker } from './worker-entry.ts';

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

interface Lane {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

export interface ThreadPool extends Threads {
  close(): Promise<void>;
}

/**
 * Starts workers as they are needed. They do not keep the process alive.
 * @param options.width - how many at most; default one for each processor
 * @param options.ready - how many to start at once, while the caller still prepares their work
 */
export function createThreadPool({ width = availableParallelism(), ready = 0 } = {}): ThreadPool {
  const lanes: Lane[] = Array.from({ length: Math.min(ready, width) }, startLane);
  let nextId = 0;

  const leastBusy = (): Lane => {
    const idle = lanes.find((lane) => lane.pending.size === 0);
    if (idle) return idle;
    if (lanes.length < width) {
      const lane = startLane();
      lanes.push(lane);
      return lane;
    }
    return lanes.reduce((best, lane) => (lane.pending.size < best.pending.size ? lane : best));
  };

  return {
    width,
    run<Input, Output>(task: Task<Input, Output>, input: Input, transfer: readonly ArrayBuffer[] = []): Promise<Output> {
      const lane = leastBusy();
      const id = nextId++;
      lane.worker.ref();
      return new Promise<Output>((resolve, reject) => {
        lane.pending.set(id, { resolve, reject });
        lane.worker.postMessage({ id, task: task.name, input } satisfies Job, [...transfer]);
      });
    },
    async close() {
      await Promise.all(lanes.splice(0).map((lane) => lane.worker.terminate()));
    },
  };
}

function startLane(): Lane {
  const lane: Lane = { worker: startWorker(), pending: new Map() };
  lane.worker.on('message', (answer: Answer) => settle(lane, answer));
  lane.worker.on('error', (error) => abandon(lane, error));
  lane.worker.on('exit', (code) => abandon(lane, new Error(`a worker thread ended with code ${code}`)));
  // Last: listening takes a reference.
  lane.worker.unref();
  return lane;
}

function settle(lane: Lane, answer: Answer): void {
  const pending = lane.pending.get(answer.id);
  lane.pending.delete(answer.id);
  if (lane.pending.size === 0) lane.worker.unref();
  if ('error' in answer) pending?.reject(new DisksealError(answer.error.code, answer.error.message, answer.error.details));
  else pending?.resolve(answer.value as never);
}

function abandon(lane: Lane, error: Error): void {
  const all = [...lane.pending.values()];
  lane.pending.clear();
  for (const pending of all) pending.reject(new DisksealError('E_INTERNAL', `a worker thread failed: ${error.message}`, { cause: error }));
}
