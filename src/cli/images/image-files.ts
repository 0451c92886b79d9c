/** The files of a build: none gets its name before all are written. */
import { mkdir, rmdir } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { ImageOutput, Target } from '../../build/plan.ts';
import { writeError } from '../../core/system-error.ts';
import { createOutput, type OutputFile } from '../../node/output-file.ts';
import { refuseTaken } from './taken.ts';

export interface WantedImage {
  readonly target: Target;
  readonly path: string;
}

/** @returns what `write` gives, when everything that was written has its name @throws DisksealError `E_EXISTS`, `E_WRITE`; what `write` throws */
export async function writeImages<T>(
  wanted: readonly WantedImage[],
  force: boolean,
  write: (outputs: readonly ImageOutput[]) => Promise<T>,
): Promise<T> {
  const made: string[] = [];
  const files: OutputFile[] = [];
  const scratches: OutputFile[] = [];
  const create = async (path: string): Promise<OutputFile> => {
    const file = await createOutput(path, { force });
    files.push(file);
    return file;
  };
  try {
    const outputs: ImageOutput[] = [];
    for (const { target, path } of wanted) {
      made.push(...(await makeFolders(dirname(resolve(path)))));
      const sink = await create(path);
      const scratch = async (): Promise<OutputFile> => {
        const file = await createOutput(`${path}.scratch`, { force: true, secret: true });
        scratches.push(file);
        return file;
      };
      outputs.push({ target, name: basename(path), sink, beside: (what) => create(besidePath(path, what)), scratch });
    }
    const result = await write(outputs);
    for (const file of files) await file.publish();
    return result;
  } catch (error) {
    for (const file of files) await file.discard();
    // Only those that are empty, as they are when nothing else came into them.
    for (const folder of made) await rmdir(folder).catch(() => undefined);
    throw error;
  } finally {
    for (const file of scratches) await file.discard();
  }
}

/** Whether any file of these images is there already. @throws DisksealError `E_EXISTS` */
export async function refuseTakenImages(wanted: readonly WantedImage[], force: boolean): Promise<void> {
  for (const { target, path } of wanted) {
    await refuseTaken(path, force);
    if (target === 'bin') await refuseTaken(besidePath(path, 'cue'), force);
    // One that is there would be taken for the new image's, whether that gets one or not.
    if (target !== 'dmg') await refuseTaken(besidePath(path, 'seal'), force);
  }
}

function besidePath(path: string, what: 'cue' | 'seal'): string {
  if (what === 'seal') return `${path}.seal`;
  return path.endsWith('.bin') ? `${path.slice(0, -4)}.cue` : `${path}.cue`;
}

/** @returns those that were not there, the deepest first */
async function makeFolders(folder: string): Promise<string[]> {
  const first = await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw writeError(folder, error);
  });
  if (first === undefined) return [];
  const made = [folder];
  while (made.at(-1) !== first) made.push(dirname(made.at(-1)!));
  return made;
}
