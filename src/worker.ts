/** Entry of a worker thread: the tasks that may run beside the main thread. */
import { readRun } from './build/read-run.ts';
import { compressRun } from './formats/containers/udif/compress-run.ts';
import { serveTasks } from './node/serve-tasks.ts';
import { hashTask } from './seal/hash-coverage.ts';

serveTasks([compressRun, readRun, hashTask]);
