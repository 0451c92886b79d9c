/** Where a seal goes in images that others made: embedded where that changes nothing else, and refused with the reason where it would. */
import { describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { findSeal } from '../../src/seal/place.ts';
import { testChain } from '../support/certificates.ts';
import { corpus, corpusBytes } from '../support/corpus.ts';
import { altered } from '../support/forged-seal.ts';
import { sealedInside } from '../support/sealed-foreign.ts';
import { descriptor, mbrDisk, smallIso } from '../support/small-images.ts';

const { leaf } = testChain();
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const place = async (bytes: Uint8Array) => (await findSeal(bytesDisk(bytes)))!.coverage;
/** Offsets at which two images differ, the longer one's end not counted. */
const differences = (one: Uint8Array, other: Uint8Array): number[] =>
  [...one.subarray(0, other.length).keys()].filter((at) => one[at] !== other[at]);

describe('an ISO image', () => {
  test('rule 2: the seal takes zeros at the end of the volume, and nothing else changes', async () => {
    const image = smallIso({ padding: 60 });
    const sealed = await sealedInside(image, leaf);
    const { seal, covered, imageSize } = await place(sealed);
    expect(sealed.length).toBe(image.length);
    expect(imageSize).toBe(image.length);
    expect(seal.offset + seal.size).toBe(image.length);
    expect(covered).toEqual([[0, seal.offset]]);
    expect(differences(image, sealed).every((at) => at >= seal.offset)).toBe(true);
  });
  test('what lies behind the volume stays and is covered', async () => {
    const image = smallIso({ padding: 60, behind: new Uint8Array(5000).fill(7) });
    const { seal, covered } = await place(await sealedInside(image, leaf));
    const end = image.length - 5000;
    expect(seal.offset + seal.size).toBe(end);
    expect(covered).toEqual([
      [0, seal.offset],
      [end, 5000],
    ]);
  });
  test('without enough zeros the volume grows: the sizes in its descriptors, in both byte orders, and nothing else', async () => {
    const image = smallIso({ padding: 3, joliet: { name: 'file.txt', content: smallIso.content } });
    const sealed = await sealedInside(image, leaf);
    const { seal, covered } = await place(sealed);
    expect(seal.offset).toBe(image.length);
    expect(covered).toEqual([[0, image.length]]);
    const sizes = [16, 17].flatMap((sector) => Array.from({ length: 8 }, (_, at) => sector * 2048 + 80 + at));
    expect(differences(image, sealed).every((at) => sizes.includes(at))).toBe(true);
    const view = new DataView(sealed.buffer);
    for (const sector of [16, 17]) {
      expect(view.getUint32(sector * 2048 + 80, true)).toBe(sealed.length / 2048);
      expect(view.getUint32(sector * 2048 + 84)).toBe(sealed.length / 2048);
    }
  });
  test('zeros that a file consists of are no free place', async () => {
    // The file's record says that it reaches to the volume's end.
    const image = altered(smallIso({ padding: 60 }), (copy) => {
      const record = 18 * 2048 + 68;
      const view = new DataView(copy.buffer);
      view.setUint32(record + 10, 60 * 2048, true);
      view.setUint32(record + 14, 60 * 2048);
    });
    expect((await place(await sealedInside(image, leaf))).seal.offset).toBe(image.length);
  });
  test.each<[string, Uint8Array, RegExp]>([
    ['a partition table over the image', altered(smallIso(), (copy) => copy.set([0x80, 0, 0, 0, 0x17, 0x55, 0xaa], 446)), /partitions/],
    ['a copy of a GUID partition table behind the volume', smallIso({ behind: ascii('EFI PART'.padEnd(512)) }), /follows its volume/],
    ['UDF', altered(smallIso({ padding: 3 }), (copy) => copy.set(ascii('NSR02'), 18 * 2048 + 1)), /UDF/],
    [
      'a checksum by implantisomd5',
      altered(smallIso({ padding: 60 }), (copy) => copy.set(ascii('ISO MD5SUM = 0'), 16 * 2048 + 883)),
      /isomd5sum/,
    ],
    ['HFS+', altered(smallIso({ padding: 60 }), (copy) => copy.set(ascii('H+'), 1024)), /HFS/],
  ])('%s: none is embedded', async (_, given, reason) => {
    // An entry of a partition table counts only with its mark.
    const image = given[450] === 0x17 ? altered(given, (copy) => copy.set([0x55, 0xaa], 510)) : given;
    await expect(sealedInside(image, leaf)).rejects.toMatchObject({ code: 'E_NO_ROOM', message: expect.stringMatching(reason) });
  });
  test.each<[string, Uint8Array, string]>([
    ['attack 2: a second primary descriptor', smallIso({ descriptors: [descriptor(1, 99, 18)] }), 'E_UNCOVERED'],
    ['a volume cut short', smallIso().subarray(0, -1), 'E_TRUNCATED'],
    ['two sizes', altered(smallIso(), (copy) => (copy[16 * 2048 + 84] ^= 1)), 'E_ISO9660'],
    ['blocks of 512 bytes', altered(smallIso(), (copy) => copy.set([0, 2, 2, 0], 16 * 2048 + 128)), 'E_UNSUPPORTED'],
    ['no end of the descriptors', altered(smallIso(), (copy) => copy.set([2, 0], 17 * 2048)), 'E_ISO9660'],
    ['only a supplementary descriptor', altered(smallIso(), (copy) => (copy[16 * 2048] = 2)), 'E_ISO9660'],
  ])('%s is refused', async (_, image, code) => {
    await expect(sealedInside(image, leaf)).rejects.toMatchObject({ code });
    await expect(findSeal(bytesDisk(image))).rejects.toMatchObject({ code });
  });
});

describe('a raw disk', () => {
  test.each([65_536, 65_536 + 512, 70_000])('of %d bytes gets its seal behind it, at a multiple of 4096', async (size) => {
    const image = mbrDisk(size);
    const sealed = await sealedInside(image, leaf);
    const { seal, covered, format } = await place(sealed);
    expect(format).toBe('raw');
    expect(seal.offset).toBe(Math.ceil(size / 4096) * 4096);
    expect(seal.offset + seal.size).toBe(sealed.length);
    expect(covered).toEqual([[0, seal.offset]]);
    expect(differences(image, sealed)).toEqual([]);
    expect(sealed.subarray(size, seal.offset).every((byte) => byte === 0)).toBe(true);
  });
  test.each<[string, Uint8Array, RegExp]>([
    ['GPT', altered(mbrDisk(), (copy) => (copy[450] = 0xee)), /GUID partition table/],
    ['a bare HFS+ volume', altered(new Uint8Array(65_536), (copy) => copy.set(ascii('H+'), 1024)), /HFS\+/],
    ['a bare APFS volume', altered(new Uint8Array(65_536), (copy) => copy.set(ascii('NXSB'), 32)), /APFS/],
    ['an archive', new Uint8Array(Buffer.from('PK\u0003\u0004'.padEnd(9000, 'x'))), /not known/],
    ['nothing', new Uint8Array(), /empty/],
  ])('%s: none is embedded', async (_, image, reason) => {
    await expect(sealedInside(image, leaf)).rejects.toMatchObject({ code: 'E_NO_ROOM', message: expect.stringMatching(reason) });
  });
});

describe.skipIf(corpus('dmg').length === 0)('a DMG of others', () => {
  const image = (): Uint8Array => corpusBytes('dmg/hdiutil-ref-plain.dmg');
  const koly = (bytes: Uint8Array): KolyTrailer => KolyTrailer.read(bytes, bytes.length - 512);
  const retold = (change: Partial<KolyTrailer>): Uint8Array => {
    const bytes = image();
    return altered(bytes, (copy) => void KolyTrailer.write({ ...koly(bytes), ...change }, copy, copy.length - 512));
  };

  test('only the place of the property list changes', async () => {
    const sealed = await sealedInside(image(), leaf);
    const { seal } = await place(sealed);
    const [before, after] = [koly(image()), koly(sealed)];
    expect(seal.offset).toBe(before.dataForkLength);
    expect(after).toEqual({ ...before, xmlOffset: before.xmlOffset + seal.size });
    const bytes = image();
    expect(sealed.subarray(0, seal.offset)).toEqual(bytes.subarray(0, seal.offset));
    expect(sealed.subarray(after.xmlOffset, -512)).toEqual(bytes.subarray(before.xmlOffset, -512));
  });
  test.each<[string, () => Uint8Array, RegExp]>([
    ['an Apple code signature', () => retold({ codeSignatureOffset: 1, codeSignatureLength: 1 }), /Apple/],
    ['attack 7: a reserved field in use', () => retold({ reserved2: new Uint8Array(40).fill(1) }), /reserved/],
    ['a resource fork', () => retold({ rsrcForkOffset: 0, rsrcForkLength: 10 }), /resource fork/],
    ['a data fork that ends early', () => retold({ dataForkLength: koly(image()).dataForkLength - 1 }), /does not follow its data fork/],
    ['bytes before the trailer', () => retold({ xmlLength: koly(image()).xmlLength - 1 }), /trailer/],
  ])('%s: none is embedded', async (_, made, reason) => {
    await expect(sealedInside(made(), leaf)).rejects.toMatchObject({ code: 'E_NO_ROOM', message: expect.stringMatching(reason) });
  });
});
