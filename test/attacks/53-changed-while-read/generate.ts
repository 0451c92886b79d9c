import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a pipe at the path': () => ({ image: (path: string) => void execFileSync('mkfifo', [path]) }),
  'a link to itself': () => ({ image: (path: string) => symlinkSync('image.dmg', path) }),
  'a device': () => ({ image: (path: string) => symlinkSync('/dev/zero', path) }),
};
