/**
 * The mark that a system puts on what was downloaded goes on to what is extracted from it, so that the system asks before it
 * runs that. macOS: the attribute com.apple.quarantine. Windows: the stream Zone.Identifier. Linux has no such mark.
 * An image that nobody verified gets one in any case.
 */
import { execFile } from 'node:child_process';
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeError } from '../core/system-error.ts';
import type { HostSystem } from './host-names.ts';

const ATTRIBUTE = 'com.apple.quarantine';
const STREAM = 'Zone.Identifier';
/** More than any system writes. Bytes. */
const LIMIT = 4096;

/** Runs one of the system's tools and gives what it printed. */
export type RunTool = (tool: string, args: readonly string[]) => Promise<string>;

const runTool: RunTool = async (tool, args) => (await promisify(execFile)(tool, [...args])).stdout;

/**
 * The mark that files out of an image shall carry.
 * @param verified - false: there is one even where the image has none
 * @returns nothing when none is due
 */
export async function quarantineOf(
  image: string,
  verified: boolean,
  now: number,
  system: HostSystem = process.platform,
  run: RunTool = runTool,
): Promise<string | undefined> {
  if (system === 'darwin') {
    const found = await run('xattr', ['-p', ATTRIBUTE, image]).then(
      (text) => text.trim(),
      () => '',
    );
    // Flags of a download that was not opened yet, the time, and who made the copy.
    if (found === '') return verified ? undefined : `0081;${Math.floor(now).toString(16)};diskseal;`;
    return found.slice(0, LIMIT);
  }
  if (system !== 'win32') return undefined;
  const found = await readFile(`${image}:${STREAM}`, 'utf8').catch(() => '');
  if (found === '') return verified ? undefined : '[ZoneTransfer]\r\nZoneId=3\r\n';
  return found.slice(0, LIMIT);
}

/** Marks a file, or everything in a folder. @throws DisksealError `E_WRITE`: what should carry a mark is not given out without it */
export async function quarantine(path: string, mark: string, system: HostSystem = process.platform, run: RunTool = runTool): Promise<void> {
  try {
    if (system === 'darwin') await run('xattr', ['-r', '-s', '-w', ATTRIBUTE, mark, path]);
    if (system !== 'win32') return;
    if ((await lstat(path)).isDirectory()) await markStreams(path, mark);
    else await writeFile(`${path}:${STREAM}`, mark);
  } catch (error) {
    throw writeError(path, error);
  }
}

async function markStreams(folder: string, mark: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await markStreams(path, mark);
    else if (entry.isFile()) await writeFile(`${path}:${STREAM}`, mark);
  }
}
