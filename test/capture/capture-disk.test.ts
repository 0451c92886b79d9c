/** Capturing by itself: disks with bad places, journals, and what an interrupted run leaves. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { captureDisk, capturedDisk, compareSamples, recheck, type Stage } from '../../src/capture/capture-disk.ts';
import { CapturedChunks, CHUNK } from '../../src/capture/captured-chunks.ts';
import { type FragileDisk, type Hole, isMediumFault, readAround } from '../../src/capture/read-around.ts';
import { bytesDisk, opaqueDisk } from '../../src/core/disk.ts';
import { readError } from '../../src/core/system-error.ts';

const SECTOR = 512;

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: read`), { code });
}

interface Fragile extends FragileDisk {
  /** Lengths that were asked for. */
  readonly asked: number[];
  bad: readonly number[];
}

/** A disk whose reads fail when they touch a bad sector. */
function fragile(bytes: Uint8Array, bad: readonly number[] = [], code = 'EIO'): Fragile {
  const asked: number[] = [];
  const source: Fragile = {
    asked,
    bad,
    sector: SECTOR,
    check: async () => undefined,
    disk: opaqueDisk(bytes.length, async (position, into) => {
      asked.push(into.length);
      const end = position + into.length;
      if (source.bad.some((sector) => position < (sector + 1) * SECTOR && sector * SECTOR < end))
        throw readError('disk', systemError(code));
      into.set(bytes.subarray(position, end));
    }),
  };
  return source;
}

function stageOf(size: number, blank = true): Stage & { readonly bytes: Uint8Array; readonly lines: string[]; readonly written: number[] } {
  const bytes = new Uint8Array(size);
  const lines: string[] = [];
  const written: number[] = [];
  return {
    bytes,
    lines,
    written,
    blank,
    disk: bytesDisk(bytes),
    async write(position, given) {
      written.push(position);
      bytes.set(given, position);
    },
    async note(line) {
      lines.push(line);
    },
  };
}

/** Sectors that neighbour each other, as ranges. */
function ranges(sectors: Iterable<number>, size: number): Hole[] {
  const found: { offset: number; length: number }[] = [];
  for (const sector of [...new Set(sectors)].sort((a, b) => a - b)) {
    const offset = sector * SECTOR;
    const length = Math.min(SECTOR, size - offset);
    const last = found.at(-1);
    if (last && last.offset + last.length === offset) last.length += length;
    else if (length > 0) found.push({ offset, length });
  }
  return found;
}

/** Some of the bytes, the rest zeros: `runs` of random bytes. */
function sparse(size: number, runs: readonly (readonly [number, number])[]): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const [at, length] of runs) {
    const start = at % size;
    for (let index = start; index < Math.min(size, start + length); index++) bytes[index] = (index * 31 + at) % 251;
  }
  return bytes;
}

function withHoles(bytes: Uint8Array, holes: readonly Hole[]): Uint8Array {
  const result = bytes.slice();
  for (const { offset, length } of holes) result.fill(0, offset, offset + length);
  return result;
}

function replay(size: number, lines: readonly string[]): CapturedChunks {
  const chunks = new CapturedChunks(size);
  for (const line of lines) expect(chunks.take(line.slice(0, -1))).toBe(true);
  return chunks;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

describe('reading around bad places', () => {
  test('gives every byte that can be read, and names the rest, wherever the read begins', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.nat(220), { maxLength: 12 }),
        fc.nat(5000),
        fc.nat(300),
        async (sectors, bad, start, short) => {
          const bytes = sparse(sectors * SECTOR + short, [[3, sectors * SECTOR + short]]);
          const position = start % bytes.length;
          const into = new Uint8Array(bytes.length - position).fill(0xaa);
          const holes = await readAround(fragile(bytes, bad), position, into);
          const expected = ranges(bad, bytes.length)
            .map(({ offset, length }) => ({ offset: Math.max(offset, position), length: offset + length - Math.max(offset, position) }))
            .filter(({ length }) => length > 0);
          expect(holes).toEqual(expected);
          expect(same(into, withHoles(bytes, expected).subarray(position))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
  test('asks for little more than twice a halving for one bad sector', async () => {
    const source = fragile(new Uint8Array(CHUNK), [777]);
    await readAround(source, 0, new Uint8Array(CHUNK));
    expect(source.asked.length).toBeLessThanOrEqual(2 * Math.log2(CHUNK / SECTOR) + 1);
  });
  test('every code of a faulty medium is one, and no other is', async () => {
    for (const code of ['EIO', 'ENODATA', 'EILSEQ', 'EREMOTEIO', 'EBADMSG', 'EUCLEAN', 'Unknown system error -117']) {
      expect(await readAround(fragile(new Uint8Array(1024), [1], code), 0, new Uint8Array(1024))).toEqual([{ offset: 512, length: 512 }]);
    }
    for (const code of ['ENXIO', 'ENODEV', 'EINVAL', 'EBADF', 'ENOMEM']) {
      expect(isMediumFault(readError('disk', systemError(code)))).toBe(false);
      await expect(readAround(fragile(new Uint8Array(1024), [1], code), 0, new Uint8Array(1024))).rejects.toMatchObject({ code: 'E_READ' });
    }
  });
  test('a device that was taken away is no bad sector, though the kernel says EIO', async () => {
    const source = fragile(new Uint8Array(8192), [3, 4, 5, 6, 7]);
    const gone = { ...source, check: () => Promise.reject(readError('disk', systemError('ENODEV'))) };
    await expect(readAround(gone, 0, new Uint8Array(8192))).rejects.toMatchObject({ code: 'E_READ' });
  });
});

describe('capturing', () => {
  test('equals the disk; zeros are not written, and known as zeros', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 * CHUNK + 700 }),
        fc.array(fc.tuple(fc.nat(4 * CHUNK), fc.integer({ min: 1, max: 5000 })), { maxLength: 4 }),
        async (size, runs) => {
          const bytes = sparse(size, runs);
          const stage = stageOf(size);
          const chunks = new CapturedChunks(size);
          await captureDisk(fragile(bytes), stage, chunks);
          expect(same(stage.bytes, bytes)).toBe(true);
          expect(chunks.holes()).toEqual([]);
          expect(chunks.bytes()).toBe(size);
          const disk = capturedDisk(stage.disk, chunks);
          let end = 0;
          for (const { kind, position, length } of disk.extents()) {
            expect(position).toBe(end);
            end += length;
            if (kind === 'zeros') expect(bytes.subarray(position, end).every((byte) => byte === 0)).toBe(true);
          }
          expect(end).toBe(size);
          for (const at of stage.written) expect(bytes.subarray(at, at + CHUNK).some((byte) => byte !== 0)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });
  test('bad places are zeros and listed; the next run asks for these alone, and fills them', async () => {
    const bytes = sparse(2 * CHUNK + 3 * SECTOR, [[0, 2 * CHUNK + 3 * SECTOR]]);
    const last = CHUNK / SECTOR - 1;
    // Two that meet across chunks, one alone, and the last of the disk.
    const bad = [last, last + 1, 40, Math.floor((bytes.length - 1) / SECTOR)];
    const source = fragile(bytes, bad);
    const stage = stageOf(bytes.length);
    const chunks = new CapturedChunks(bytes.length);
    await captureDisk(source, stage, chunks);
    const holes = ranges(bad, bytes.length);
    expect(chunks.holes()).toEqual(holes);
    expect(holes).toHaveLength(3);
    expect(same(stage.bytes, withHoles(bytes, holes))).toBe(true);

    const again = replay(bytes.length, stage.lines);
    expect(again.holes()).toEqual(holes);
    source.asked.length = 0;
    source.bad = [40];
    await captureDisk(source, { ...stage, blank: false }, again);
    expect(again.holes()).toEqual([{ offset: 40 * SECTOR, length: SECTOR }]);
    expect(Math.max(...source.asked)).toBe(SECTOR);
    source.bad = [];
    const third = replay(bytes.length, stage.lines);
    await captureDisk(source, { ...stage, blank: false }, third);
    expect(third.holes()).toEqual([]);
    expect(same(stage.bytes, bytes)).toBe(true);
  });
  test('cut off anywhere and gone on with it gives the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(5 * CHUNK), fc.integer({ min: 1, max: 90_000 })), { maxLength: 5 }),
        fc.array(fc.nat((5 * CHUNK) / SECTOR), { maxLength: 3 }),
        fc.nat(5),
        fc.nat(3),
        async (runs, bad, cut, damage) => {
          const bytes = sparse(4 * CHUNK + 1024, runs);
          const stage = stageOf(bytes.length);
          const stop = new AbortController();
          let notes = 0;
          const cutting: Stage = {
            ...stage,
            async note(line) {
              // The process dies before the line is there, or right after.
              if (notes++ === cut) stop.abort();
              else await stage.note(line);
            },
          };
          await captureDisk(fragile(bytes, bad), cutting, new CapturedChunks(bytes.length), { signal: stop.signal }).catch(() => undefined);
          // What stood in memory alone when the machine went down.
          if (damage > 0) stage.bytes.fill(0xdd, (damage - 1) * CHUNK, (damage - 1) * CHUNK + 100);
          const chunks = replay(bytes.length, stage.lines);
          await recheck(stage.disk, chunks);
          const source = fragile(bytes, bad);
          await compareSamples(source, chunks);
          await captureDisk(source, { ...stage, blank: false }, chunks);
          const holes = ranges(bad, bytes.length);
          expect(chunks.holes()).toEqual(holes);
          expect(same(stage.bytes, withHoles(bytes, holes))).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });
  test('another disk in its place is found out, wherever it differs in what is compared', async () => {
    const bytes = sparse(4 * CHUNK, [[0, 4 * CHUNK]]);
    const stage = stageOf(bytes.length);
    const chunks = new CapturedChunks(bytes.length);
    await captureDisk(fragile(bytes), stage, chunks);
    for (const at of [0, CHUNK + 5, 4 * CHUNK - 1]) {
      const other = bytes.slice();
      other[at] ^= 1;
      await expect(compareSamples(fragile(other), chunks)).rejects.toMatchObject({ code: 'E_CHANGED', offset: at - (at % CHUNK) });
    }
    await compareSamples(fragile(bytes, [1, 9000]), chunks);
  });
  test('a source that changes ends it, and what other faults it has', async () => {
    const bytes = sparse(3 * CHUNK, [[0, 3 * CHUNK]]);
    let checks = 0;
    const changing = {
      ...fragile(bytes),
      check: () => (++checks >= 2 ? Promise.reject(readError('disk', systemError('ENXIO'))) : Promise.resolve()),
    };
    const stage = stageOf(bytes.length);
    await expect(captureDisk(changing, stage, new CapturedChunks(bytes.length))).rejects.toMatchObject({ code: 'E_READ' });
    expect(stage.lines.length).toBeLessThan(3);
  });
});

describe('the journal', () => {
  test('damaged lines change nothing', () => {
    const digest = createHash('sha256').update('x').digest('hex');
    const good = [`0 zeros`, `1 ${digest}`, `1 ${digest} 0+512 1024+512`];
    const bad = [
      '',
      '0',
      '0 zero',
      `3 ${digest}`,
      `-1 ${digest}`,
      `01 ${digest}`,
      `1 ${digest.slice(1)}`,
      `1 ${digest} 0+0`,
      `1 ${digest} 1024+512 0+512`,
      `1 ${digest} ${CHUNK}+512`,
      `2 ${digest} 0+1025`,
      `1 ${digest} 0+512,`,
      '0 zeros 0+512',
      `1 ${digest.toUpperCase()}`,
      `1e0 ${digest}`,
      '{"diskseal":"capture 1"}',
    ];
    for (const line of bad) {
      const chunks = new CapturedChunks(2 * CHUNK + 1024);
      for (const known of good) expect(chunks.take(known)).toBe(true);
      const before = [chunks.holes(), chunks.bytes()];
      expect(chunks.take(line), line).toBe(false);
      expect([chunks.holes(), chunks.bytes()]).toEqual(before);
    }
  });
  test('any text is taken or not, and never more', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,11} ([0-9a-f]{64}|zeros)( \d{1,9}\+\d{1,9})*$/)), (line) => {
        const chunks = new CapturedChunks(3 * CHUNK);
        chunks.take(line);
        for (const { offset, length } of chunks.holes()) expect(offset + length).toBeLessThanOrEqual(3 * CHUNK);
      }),
      { numRuns: 2000 },
    );
  });
});
