/** `--trust` and `--publisher` as a policy. */
import { readFile } from 'node:fs/promises';
