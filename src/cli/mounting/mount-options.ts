/** What `mount` is called with. */
import { basename, extname } from 'node:path';
import { DisksealError } from '../../core/errors.ts';
import type { OpenOptions } from '../images/opened-image.ts';

export interface MountCommandOptions extends OpenOptions {
  readonly foreground?: boolean;
  readonly timeout?: string;
  readonly system?: boolean;
  /** This process is the one that serves: see server-process.ts. */
  readonly serve?: boolean;
}

/** Longer than anybody waits; timers count to 2^31 milliseconds. Seconds. */
const MAX_SECONDS = 1_000_000;

/** @returns milliseconds @throws DisksealError `E_USAGE` */
export function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,7}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds * 1000;
  throw new DisksealError('E_USAGE', `--timeout ${text} is not a number of seconds`, { hint: 'as in --timeout 600' });
}

/** Beside what works here, named as the image is. */
export function folderFor(image: string, given: string | undefined): string {
  if (given !== undefined) return given;
  const name = basename(image.replace(/[?#].*$/, ''));
  const short = basename(name, extname(name));
  if (short !== '' && short !== name) return short;
  throw new DisksealError('E_USAGE', 'it is not said which folder to mount it on', { hint: 'as in: diskseal mount App.dmg App' });
}
