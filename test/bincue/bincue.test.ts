import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesDisk, stream } from '../../src/core/disk.ts';
import { readCueSheet, writeCueSheet } from '../../src/formats/containers/bincue/cue-sheet.ts';
import { isBin, open } from '../../src/formats/containers/bincue/open.ts';
import { pack } from '../../src/formats/containers/bincue/pack.ts';
import { DATA_SECTOR, encodeSector, RAW_SECTOR } from '../../src/formats/containers/bincue/sector.ts';
import { corpusBytes, hasCorpus } from '../support/corpus.ts';
import { memorySink } from '../support/memory-sink.ts';

async function packed(data: Uint8Array): Promise<Uint8Array> {
  const sink = memorySink();
  await pack(bytesDisk(data), sink);
  return sink.bytes();
}

describe('raw sectors', () => {
  test.runIf(hasCorpus)('a real image of 302 sectors is taken apart and made again, byte by byte', async () => {
    const image = corpusBytes('iso/libcdio-isofs-m1.bin.gz');
    expect(await isBin(bytesDisk(image))).toBe(true);
    const disk = open(bytesDisk(image));
    const data = await disk.read(0, disk.size);
    expect(String.fromCharCode(...data.subarray(32_769, 32_774))).toBe('CD001');
    expect(Buffer.from(await packed(data)).equals(image)).toBe(true);
  });
  test('any data comes back, read in any pieces', async () => {
    const data = Uint8Array.from({ length: 5 * DATA_SECTOR }, (_, at) => (at * 7 + (at >> 9)) & 0xff);
    const disk = open(bytesDisk(await packed(data)));
    await fc.assert(
      fc.asyncProperty(fc.nat(data.length), fc.nat(data.length), async (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        expect(await disk.read(from, to - from)).toEqual(data.slice(from, to));
      }),
      { numRuns: 30 },
    );
  });
  test('every single changed byte of a sector is found', async () => {
    const sector = new Uint8Array(RAW_SECTOR);
    encodeSector(
      Uint8Array.from({ length: DATA_SECTOR }, (_, at) => at & 0xff),
      0,
      sector,
    );
    for (let at = 0; at < RAW_SECTOR; at++) {
      const changed = sector.slice();
      changed[at] ^= 0x10;
      const reading = open(bytesDisk(changed)).read(0, DATA_SECTOR);
      await expect(reading, `byte ${at}`).rejects.toMatchObject({ code: 'E_BINCUE' });
    }
  });
  test('addresses are minutes, seconds and frames in decimal digits', () => {
    const sector = new Uint8Array(RAW_SECTOR);
    encodeSector(new Uint8Array(DATA_SECTOR), 4500 * 12 + 75 * 34 + 56 - 150, sector);
    expect([...sector.subarray(12, 16)]).toEqual([0x12, 0x34, 0x56, 1]);
  });
  test('what is not whole sectors is refused', async () => {
    expect(() => open(bytesDisk(new Uint8Array(RAW_SECTOR + 1)))).toThrow(
      expect.objectContaining({ code: 'E_BINCUE', offset: RAW_SECTOR }),
    );
    await expect(packed(new Uint8Array(100))).rejects.toMatchObject({ code: 'E_BINCUE' });
  });
  test('a long disk is written in pieces', async () => {
    let length = 0;
    for await (const part of stream(bytesDisk(await packed(new Uint8Array(700 * DATA_SECTOR))))) length += part.length;
    expect(length).toBe(700 * RAW_SECTOR);
  });
});

describe('cue sheets', () => {
  test('are written as other tools write them', () => {
    const text = 'FILE "a b.bin" BINARY\r\n  TRACK 01 MODE1/2352\r\n    INDEX 01 00:00:00\r\n';
    expect(writeCueSheet({ file: 'a b.bin', mode: 'MODE1/2352' })).toBe(text);
    expect(readCueSheet(text)).toEqual({ file: 'a b.bin', mode: 'MODE1/2352' });
  });
  test.runIf(hasCorpus)('the sheet of a real image is read', () => {
    const text = new TextDecoder().decode(corpusBytes('iso/libcdio-isofs-m1.cue'));
    expect(readCueSheet(text)).toEqual({ file: 'ISOFS-M1.BIN', mode: 'MODE1/2352' });
  });
  test.each([
    ['a path', 'FILE "../x.bin" BINARY\n TRACK 01 MODE1/2352\n INDEX 01 00:00:00', 1],
    ['audio', 'FILE "x.bin" BINARY\n TRACK 01 AUDIO\n INDEX 01 00:00:00', 2],
    ['a second track', 'FILE "x.bin" BINARY\n TRACK 01 MODE1/2352\n INDEX 01 00:00:00\n TRACK 02 AUDIO', 4],
    ['a second file', 'FILE "x.bin" BINARY\n TRACK 01 MODE1/2352\n INDEX 01 00:00:00\nFILE "y.bin" BINARY', 4],
    ['a start elsewhere', 'FILE "x.bin" BINARY\n TRACK 01 MODE1/2352\n INDEX 01 00:02:00', 3],
    ['nothing', '', undefined],
  ])('%s is refused', (_, text, line) => {
    expect(() => readCueSheet(text)).toThrow(expect.objectContaining({ code: 'E_BINCUE', line }));
  });
  test('a name that could not be read again is not written', () => {
    for (const file of ['a"b', 'a/b', '..', '', 'a\nb']) expect(() => writeCueSheet({ file, mode: 'MODE1/2048' })).toThrow(/cue sheet/);
  });
});
