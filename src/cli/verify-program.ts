/** The program as `verify` loads it: a thread starts, on another processor, while the rest is still on its way. */
import './verify-thread.ts';

export { main } from './program.ts';
