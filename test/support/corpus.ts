/** The shared corpus of real images, which lies beside the project. A missing corpus is said aloud and skips what needs it. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

export interface CorpusFile {
  readonly file: string;
  readonly sha256: string;
  readonly mainVolumeSha256: string;
  readonly mainVolumeSize: number;
  readonly what: string;
}

const ROOT = new URL('../../../shared/corpus/', import.meta.url);

export const hasCorpus = existsSync(new URL('index.json', ROOT));
if (!hasCorpus) console.warn(`no corpus at ${fileURLToPath(ROOT)}: every test that needs real images is skipped`);

/** The entries of one folder of the corpus that are really there. */
export function corpus(folder: string): CorpusFile[] {
  if (!hasCorpus) return [];
  const index = JSON.parse(readFileSync(new URL('index.json', ROOT), 'utf8')) as CorpusFile[];
  return index.filter(({ file }) => file.startsWith(`${folder}/`) && existsSync(new URL(file, ROOT)));
}

/** The bytes of a corpus file; `.gz` is taken off. */
export function corpusBytes(file: string): Uint8Array {
  const stored = readFileSync(new URL(file, ROOT));
  return new Uint8Array(file.endsWith('.gz') ? gunzipSync(stored) : stored);
}
