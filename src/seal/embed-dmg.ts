/**
 * Room for a seal in a finished DMG: between data fork and property list, which moves; the trailer says where to.
 * Images in which anything else depends on these places are left alone.
 */
import { bytesDisk, type Disk, joinDisks, sliceDisk } from '../core/disk.ts';
import { readKoly } from '../formats/containers/udif/koly.ts';
import { KolyTrailer } from '../formats/containers/udif/structs.ts';
import { type Embedding, notEmbeddable } from './embedding.ts';

/** @throws DisksealError `E_NO_ROOM` with the reason, `E_UDIF`, `E_UNSUPPORTED` */
export async function embedInDmg(image: Disk): Promise<Embedding> {
  const trailer = image.size - KolyTrailer.size;
  const koly = await readKoly(image);
  const why = obstacle(koly, trailer);
  if (why) throw notEmbeddable(why);
  return {
    kind: 'dmg',
    about: 'between the data fork and the property list',
    step: 2048,
    around(size) {
      const moved = KolyTrailer.write({ ...koly, xmlOffset: koly.xmlOffset + size });
      const plist = sliceDisk(image, koly.xmlOffset, koly.xmlLength);
      return { before: sliceDisk(image, 0, koly.dataForkLength), after: joinDisks([plist, bytesDisk(moved)]) };
    },
  };
}

function obstacle(koly: KolyTrailer, trailer: number): string | undefined {
  const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
  if (koly.codeSignatureOffset !== 0 || koly.codeSignatureLength !== 0) return 'it has an Apple code signature, which would break';
  if (!isZero(koly.reserved1) || !isZero(koly.reserved2) || !isZero(koly.reserved3)) return 'reserved fields of its trailer are in use';
  if (koly.rsrcForkLength > 0) return 'it has a resource fork, whose place is stored too';
  if (koly.dataForkOffset !== 0 || koly.dataForkLength !== koly.xmlOffset) return 'its property list does not follow its data fork';
  if (koly.xmlOffset + koly.xmlLength !== trailer) return 'its trailer does not follow its property list';
  return undefined;
}
