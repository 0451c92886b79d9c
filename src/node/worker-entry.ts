/**
 * How a worker thread begins. In the source tree (tests) the compiled file is used: Node.js 20 cannot load TypeScript on a worker.
 * Programs that are bundled into one file have the worker's own code in place of this module: see .ci/bundle.mjs.
 */
import { Worker } from 'node:worker_threads';

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? '../../dist/worker.js' : '../worker.js', import.meta.url);

export function startWorker(): Worker {
  return new Worker(ENTRY);
}
