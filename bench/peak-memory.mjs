/** Loaded before the program that is measured (node --import): at its end writes the most memory that it had, in bytes. */
import { writeFileSync } from 'node:fs';

process.on('exit', () => writeFileSync(process.env.DISKSEAL_BENCH_MEMORY, String(process.resourceUsage().maxRSS * 1024)));
