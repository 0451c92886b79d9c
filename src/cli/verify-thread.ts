/** Starts the thread of `verify`, unless there is nothing to hash. To be imported before anything else. */
import { prepareThreads } from './platform.ts';

const idle = ['--help', '-h', '--quick'];
if (!process.argv.some((word) => idle.includes(word))) prepareThreads(1);
