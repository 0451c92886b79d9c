/** Starts the thread of `verify`, unless there is nothing to hash; as many as there are processors beside this one. To be imported before anything else. */
import { availableParallelism } from 'node:os';
import { prepareThreads } from './platform.ts';

const idle = ['--help', '-h', '--quick'];
if (!process.argv.some((word) => idle.includes(word))) prepareThreads(1, Math.max(1, availableParallelism() - 1));
