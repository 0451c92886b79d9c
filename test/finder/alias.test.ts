import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { readAlias, writeAlias } from '../../src/formats/finder/alias.ts';
import { readStore } from '../../src/formats/finder/ds-store/read.ts';
import { decodeMacRoman, encodeMacRoman } from '../../src/formats/finder/mac-roman.ts';
import { readWindow } from '../../src/formats/finder/window.ts';
import { corpus, corpusBytes } from '../support/corpus.ts';

const target = {
  volumeName: 'Hello 2.1.0',
  volumeCreated: 0xe57b6980,
  path: ['.background', 'background.tiff'],
  fileId: 21,
  fileCreated: 0xe57b6981,
  folderIds: [16, 2],
};
/** Written by the Finder of Mac OS X 10.6. */
const FINDERS = 'finder/osxspell-dmg_DS_Store';

describe('alias', () => {
  test('has the layout that the Finder writes', () => {
    const bytes = Buffer.from(writeAlias(target));
    expect(bytes.readUInt16BE(4)).toBe(bytes.length);
    expect(bytes.subarray(6, 10).toString('hex')).toBe('00020000');
    expect(bytes.subarray(10, 22).toString('latin1')).toBe('\x0bHello 2.1.0');
    expect(bytes.subarray(38, 50).toString('hex')).toBe('e57b6980482b000500000010');
    expect(bytes.subarray(50, 66).toString('latin1')).toBe('\x0fbackground.tiff');
    expect(bytes.subarray(114, 150).toString('hex')).toBe('00000015e57b69810000000000000000ffffffff00000d02000000000000000000000000');
    // Tag, length, value, padding: the parent's name, then the dates.
    expect(bytes.subarray(150, 166).toString('latin1')).toBe('\0\0\0\x0b.background\0');
    expect(bytes.subarray(166, 190).toString('hex')).toBe('001000080000e57b69800000001100080000e57b69810000');
    expect(bytes.subarray(-4).toString('hex')).toBe('ffff0000');
  });
  test('is read as it was written, and its length does not depend on ids and dates', () => {
    const word = fc.nat(0xffff_ffff);
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }).filter((text) => !/[/\0]/.test(text));
    const input = fc.record({
      volumeName: name,
      volumeCreated: word,
      path: fc.array(name, { minLength: 1, maxLength: 4 }),
      fileId: word,
      fileCreated: word,
    });
    fc.assert(
      fc.property(input, word, (given, id) => {
        const folderIds = [...given.path.slice(1).map((_, index) => (id + index) >>> 0), 2];
        const bytes = writeAlias({ ...given, folderIds });
        expect(readAlias(bytes)).toMatchObject({
          kind: 'file',
          fileSystem: 'H+',
          volumeName: given.volumeName,
          volumeCreated: given.volumeCreated,
          fileName: given.path.at(-1),
          fileId: given.fileId,
          fileCreated: given.fileCreated,
          folderIds: folderIds.slice(0, -1),
          parentId: folderIds[0],
          path: `/${given.path.join('/')}`,
          mountPoint: `/Volumes/${given.volumeName}`,
          otherTags: [],
        });
        expect(writeAlias({ ...given, fileId: 1, fileCreated: 1, volumeCreated: 1, folderIds: folderIds.map(() => 1) })).toHaveLength(
          bytes.length,
        );
      }),
      { numRuns: 200 },
    );
  });
  test('a name that Mac OS Roman lacks, or of more than 27 bytes, is whole in its Unicode part', () => {
    const long = 'Программа для всех, кому она нужна 3.0';
    const bytes = writeAlias({ ...target, volumeName: long });
    expect(bytes[10]).toBe(27);
    expect(readAlias(bytes).volumeName).toBe(long);
  });
  test('says nothing of the machine that built it: no tag names a disk image', () => {
    expect(readAlias(writeAlias(target)).otherTags).toEqual([]);
  });
  test.runIf(corpus('finder').some(({ file }) => file === FINDERS))(
    'one that the Finder wrote is read, and ours of the same file differs in three fields',
    () => {
      const theirs = readWindow(readStore(corpusBytes(FINDERS))).icons!.get('backgroundImageAlias') as Uint8Array;
      const read = readAlias(theirs);
      expect(read).toMatchObject({ volumeName: 'VoikkoSpellService', fileId: 268, folderIds: [269], parentId: 269, otherTags: [20] });
      const ours = writeAlias({
        volumeName: read.volumeName,
        volumeCreated: read.volumeCreated,
        path: read.path!.slice(1).split('/'),
        fileId: read.fileId,
        fileCreated: read.fileCreated,
        folderIds: [...read.folderIds, 2],
      });
      // Total length (4), then equal up to the tags.
      expect(Buffer.from(ours.subarray(6, 150)).toString('hex')).toBe(Buffer.from(theirs.subarray(6, 150)).toString('hex'));
      // The image file that it was mounted from is left out.
      expect(readAlias(ours)).toEqual({ ...read, otherTags: [] });
    },
  );
  test('any changed or missing byte: an alias, or an error of ours', () => {
    const bytes = writeAlias(target);
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 3 }), (length, changes) => {
        const damaged = bytes.slice(0, length);
        for (const [at, value] of changes) if (at < length) damaged[at] = value;
        try {
          readAlias(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(DisksealError);
          expect(error).toMatchObject({ code: 'E_DS_STORE' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('Mac OS Roman has each of its characters once, and they come back', () => {
  const all = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect(encodeMacRoman(decodeMacRoman(all), 256)).toEqual(all);
  expect(encodeMacRoman('é', 9)).toEqual(Uint8Array.of(0x8e));
  expect(encodeMacRoman('日本', 9)).toEqual(Uint8Array.of(0x3f, 0x3f));
});
