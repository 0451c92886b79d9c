import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { bytes, joined, places } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'cut within the data fork': () => bytes.subarray(0, 1000),
  'cut within the seal': () => bytes.subarray(0, places.cms + 100),
  'cut within the trailer': () => bytes.subarray(0, -1),
  'one sector less in the data fork': () => joined(bytes.subarray(0, places.area - 512), bytes.subarray(places.area)),
  nothing: () => new Uint8Array(),
  'a pipe': () => ({ image: (path: string) => void execFileSync('mkfifo', [path]) }),
  'a folder': () => ({ image: (path: string) => mkdirSync(path) }),
};
