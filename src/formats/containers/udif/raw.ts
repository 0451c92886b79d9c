/**
 * The raw view of a UDIF image: its trailer and property list where they lie, its block tables as decoded from the list.
 * A table's fields have the place of the text that encodes them, the only place they have in the file.
 */
import { type Disk, readRange } from '../../../core/disk.ts';
import type { RawField } from '../../../core/struct.ts';
import { readKoly } from './koly.ts';
import { readBlkx } from './open.ts';
import { BlockRun, BlockTable, KolyTrailer, RUN_TYPE_NAMES } from './structs.ts';

/** Front to back: data fork, property list and its tables, the other parts, trailer. Memory: the property list. */
export async function* rawFields(disk: Disk): AsyncGenerator<RawField> {
  const koly = await readKoly(disk);
  const regions = [
    region('DataFork', koly.dataForkOffset, koly.dataForkLength, 'payloads of the runs'),
    region('PropertyList', koly.xmlOffset, koly.xmlLength, 'XML'),
    region('ResourceFork', koly.rsrcForkOffset, koly.rsrcForkLength, 'classic resource fork'),
    region('CodeSignature', koly.codeSignatureOffset, koly.codeSignatureLength, "Apple's superblob"),
  ];
  // Other writers put the parts in another order.
  for (const part of regions.filter(({ length }) => length !== 0).sort((x, y) => x.offset - y.offset)) {
    yield part;
    if (part.label === 'PropertyList') yield* tableFields(disk, koly);
  }
  const offset = disk.size - KolyTrailer.size;
  yield* KolyTrailer.describe(await disk.read(offset, KolyTrailer.size), 0, offset);
}

/** A stretch that is named and not shown: its length stands for its bytes. */
function region(label: string, offset: number, length: number, note: string): RawField {
  return { offset, bytes: new Uint8Array(), length, label, value: `${length} bytes`, note };
}

async function* tableFields(disk: Disk, koly: KolyTrailer): AsyncGenerator<RawField> {
  const places = dataElements(await readRange(disk, koly.xmlOffset, koly.xmlLength, 'KolyTrailer.xmlOffset'));
  for (const [index, { data }] of (await readBlkx(disk, koly)).entries()) {
    const offset = koly.xmlOffset + (places[index] ?? 0);
    const here = (part: RawField, label: string): RawField => ({ ...part, offset, label: `blkx[${index}].${label}` });
    for (const part of BlockTable.describe(data, 0, offset)) yield here(part, part.label);
    for (let at = BlockTable.size, run = 0; at + BlockRun.size <= data.length; at += BlockRun.size, run++) {
      for (const part of BlockRun.describe(data, at, offset)) yield here(named(part), `run[${run}].${part.label}`);
    }
  }
}

function named(part: RawField): RawField {
  const name = part.label === 'BlockRun.type' ? RUN_TYPE_NAMES.get(Number(part.value)) : undefined;
  return name === undefined ? part : { ...part, value: name };
}

/** Where the text of each block table begins: the <data> behind the key of their list. A licence stands before it. */
function dataElements(xml: Uint8Array): number[] {
  const text = new TextDecoder('latin1').decode(xml);
  const start = Math.max(0, text.indexOf('<key>blkx</key>'));
  return [...text.slice(start).matchAll(/<data>\s*/g)].map((found) => start + found.index + found[0].length);
}
