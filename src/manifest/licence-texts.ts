/** What is in the files of a licence. */
import { lstat, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DisksealError } from '../core/errors.ts';
import { readError } from '../core/system-error.ts';
import { isRtf } from '../formats/licence/rtf.ts';
import type { LicenceText } from '../formats/licence/write.ts';
import type { LicenceFile } from './licence.ts';
import { isInside, type Manifest } from './manifest.ts';
import { Faults } from './source-map.ts';
import { realFolder } from './sources.ts';

/** Larger than any licence. Bytes. */
const SIZE_LIMIT = 4 << 20;

/**
 * Reads the licences. Plain text is UTF-8.
 * @returns what `writeLicence` takes; none when the manifest has none
 * @throws DisksealError `E_MANIFEST` with the place of the file that will not do; further faults in `others`
 */
export async function licencesOf(manifest: Manifest): Promise<LicenceText[]> {
  const faults = new Faults();
  const texts: LicenceText[] = [];
  for (const file of manifest.license) {
    try {
      texts.push({ region: file.region, body: await readBody(file, manifest) });
    } catch (error) {
      if (!(error instanceof DisksealError)) throw error;
      faults.add(manifest.source.fault(`${file.path}: ${error.message}`, manifest.source.place(file.place), error.hint));
    }
  }
  faults.check();
  return texts;
}

async function readBody({ path }: LicenceFile, { folder, allowOutside }: Manifest): Promise<LicenceText['body']> {
  const full = resolve(folder, path);
  if (!allowOutside && !isInside(realFolder(folder), join(realFolder(dirname(full)), basename(full)))) {
    throw new DisksealError('E_MANIFEST', 'it lies outside the manifest’s folder', {
      hint: 'move it inside, or build with --allow-outside',
    });
  }
  const stat = await lstat(full).catch((cause: unknown) => {
    throw readError(full, cause, 'the licence');
  });
  if (!stat.isFile()) throw new DisksealError('E_MANIFEST', 'a licence is a file');
  if (stat.size > SIZE_LIMIT) throw new DisksealError('E_MANIFEST', `a licence has at most ${SIZE_LIMIT} bytes`);
  const bytes = new Uint8Array(await readFile(full));
  if (isRtf(bytes)) return { rtf: bytes };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { text: text.replace(/\r\n?/g, '\n') };
  } catch (cause) {
    throw new DisksealError('E_MANIFEST', 'it is neither UTF-8 text nor RTF', { cause });
  }
}
