/** Entry of the worker thread of programs that only verify. Bundled into them: see .ci/bundle.mjs. */
import { serveTasks } from './node/serve-tasks.ts';
import { hashTask } from './seal/hash-coverage.ts';

serveTasks([hashTask]);
