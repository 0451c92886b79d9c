/** The HFS+ volumes of the corpus: bare ones, and those in raw, APM or zlib images. */
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import { isUdif } from '../../src/formats/containers/udif/koly.ts';
import { open as openUdif } from '../../src/formats/containers/udif/open.ts';
import { openPartitions } from '../../src/formats/partitions/open.ts';
import { type CorpusFile, corpus, corpusBytes } from './corpus.ts';
import { testPlatform } from './platform.ts';

/** Images whose codec this version does not read. */
const OTHER_CODECS = /\bULMO|ULFO|UDBZ|UDCO|LZMA:|LZFSE:|BZ2:|ADC:/;

export interface CorpusVolume {
  readonly entry: CorpusFile;
  /** The file's name without folder and endings. */
  readonly name: string;
  open(): Promise<Disk>;
}

export function corpusVolumes(): CorpusVolume[] {
  const found = [...corpus('fs'), ...corpus('dmg')].filter(({ what }) => /HFS\+/.test(what) && !OTHER_CODECS.test(what));
  return found.map((entry) => ({
    entry,
    name: entry.file.replace(/^.*\//, '').replace(/\.(dmg|img|raw|hfs|gz)\b/g, ''),
    open: () => volumeIn(bytesDisk(corpusBytes(entry.file)), entry.file),
  }));
}

async function volumeIn(image: Disk, file: string): Promise<Disk> {
  const disk = (await isUdif(image)) ? await openUdif(image, testPlatform) : image;
  for (const { disk: partition } of (await openPartitions(disk)).partitions) {
    if (partition.size < 1536) continue;
    const signature = String.fromCharCode(...(await partition.read(1024, 2)));
    if (signature === 'H+' || signature === 'HX') return partition;
  }
  throw new Error(`${file} holds no HFS+ volume`);
}
