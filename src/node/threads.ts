/** Node's worker threads as core's Threads. The entry file (src/worker.ts) knows the tasks. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DisksealError, type ErrorCode, type ErrorDetails } from '../core/errors.ts';
import type { Task, Threads } from '../core/platform.ts';

/** What a worker is sent, and what it answers. */
export interface Job {
  readonly id: number;
  readonly task: string;
  readonly input: unknown;
}
export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: ThrownError });

/** An error as plain data: class instances do not survive the way between threads. */
export interface ThrownError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

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

// In the source tree (tests) the compiled entry is used: this Node cannot load TypeScript on a worker.
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? '../../dist/worker.js' : '../worker.js', import.meta.url);

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
  const lane: Lane = { worker: new Worker(ENTRY), pending: new Map() };
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

/** The other side of the pool: called once by the worker's entry file. */
export function plainError(error: unknown): ThrownError {
  if (!(error instanceof DisksealError))
    return { code: 'E_INTERNAL', message: error instanceof Error ? error.message : String(error), details: {} };
  const { code, message, path, offset, field, line, column, hint } = error;
  return { code, message, details: { path, offset, field, line, column, hint } };
}
