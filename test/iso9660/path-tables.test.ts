import { describe, expect, it } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { pathTableDifference } from '../../src/formats/filesystems/iso9660/path-tables.ts';
import { PathTableRecordL, PathTableRecordM, SECTOR } from '../../src/formats/filesystems/iso9660/structs.ts';
import { compareHybridViews } from '../../src/seal/hybrid-views.ts';
import { corpus, corpusBytes } from '../support/corpus.ts';
import { file, folder, tree } from '../support/memory-tree.ts';
import { ImageBytes } from './image-bytes.ts';

const sample = () => tree('Tables', [folder('a', [folder('b', [file('x', 'x')])]), folder('c', [])]);

/** Broken on purpose or cut short; the others have sound tables. */
const BROKEN = /file-x|nopvd|trunc|zf_overflow|bad-dir|malformed|isofs-m1|udf102|udf-(bdr|cd-mkudfiso|hdd)|isolyzer-udf\./;

describe('path tables', () => {
  it('of ours list what the records reach', async () => {
    for (const options of [{}, { joliet: false }, { rockRidge: false, joliet: 'long' }] as const) {
      await expect(pathTableDifference((await ImageBytes.of(sample(), options)).disk)).resolves.toBeUndefined();
    }
  });

  it.each(corpus('iso').filter(({ file: name }) => !BROKEN.test(name)))('of $file do too', async ({ file: name }) => {
    await expect(pathTableDifference(bytesDisk(corpusBytes(name)))).resolves.toBeUndefined();
  });

  it.each(['L', 'M'] as const)('that lead elsewhere differ: %s', async (which) => {
    for (const view of ['primary', 'joliet'] as const) {
      const image = await ImageBytes.of(sample());
      const { descriptor } = (await image.descriptors())[view]!;
      const struct = which === 'L' ? PathTableRecordL : PathTableRecordM;
      const at = (which === 'L' ? descriptor.typeLPathTable : descriptor.typeMPathTable) * SECTOR + 10;
      const record = struct.read(image.bytes, at);
      struct.write({ ...record, extentLocation: 1 }, image.bytes, at);
      expect(await pathTableDifference(image.disk)).toMatch(/leads to block 1, where/);
      for (const change of [{ parentNumber: 9 }, { parentNumber: 0 }, { identifierLength: 0 }, { identifierLength: 255 }]) {
        struct.write({ ...record, ...change }, image.bytes, at);
        await expect(pathTableDifference(image.disk), JSON.stringify(change)).rejects.toMatchObject({ code: 'E_ISO9660' });
      }
      struct.write(record, image.bytes, at);
      expect(await pathTableDifference(image.disk)).toBeUndefined();
      image.bytes[at + struct.size] ^= 1;
      expect(await pathTableDifference(image.disk)).toMatch(/as the tree does/);
    }
  });

  it('that lack a directory differ, and those beyond the image are malformed', async () => {
    const image = await ImageBytes.of(sample());
    image.setDescriptor(16, { pathTableSize: 10 });
    expect(await pathTableDifference(image.disk)).toMatch(/does not list/);
    for (const fields of [{ pathTableSize: 0xffff_ffff }, { typeLPathTable: 0xffff_ffff }, { optionalTypeMPathTable: 16 }]) {
      image.setDescriptor(16, { pathTableSize: 10, ...fields });
      await expect(pathTableDifference(image.disk), JSON.stringify(fields)).rejects.toMatchObject({ code: 'E_ISO9660' });
    }
    image.setDescriptor(16, { pathTableSize: 0 });
    expect(await pathTableDifference(image.disk)).toBeUndefined();
  });

  it('rule 13, attack 11: that lead to another tree are a difference of views', async () => {
    const image = await ImageBytes.of(sample());
    await expect(compareHybridViews(image.disk)).resolves.toBeUndefined();
    const { descriptor } = (await image.descriptors()).joliet!;
    PathTableRecordM.write(
      { ...PathTableRecordM.read(image.bytes, descriptor.typeMPathTable * SECTOR + 10), extentLocation: 17 },
      image.bytes,
      descriptor.typeMPathTable * SECTOR + 10,
    );
    await expect(compareHybridViews(image.disk)).rejects.toMatchObject({ code: 'E_TAMPERED' });
  });
});
