import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { AreaMark, areaSize, checkSlack, encodeArea, findArea } from '../../src/seal/area.ts';

const parts = {
  content: new Uint8Array(100).fill(1),
  dressing: new Uint8Array(7).fill(2),
  table: new Uint8Array(96).fill(3),
  cms: new Uint8Array(2000).fill(4),
};
const size = areaSize({ contentLength: 100, dressingLength: 7, tableLength: 96 });
const area = encodeArea(size, parts);
const BEFORE = 1000;
const image = (): Uint8Array => {
  const bytes = new Uint8Array(BEFORE + size + 500).fill(9);
  bytes.set(area, BEFORE);
  return bytes;
};
const open = (bytes: Uint8Array) => findArea(bytesDisk(bytes), BEFORE + size);

describe('area', () => {
  test('is found from its end', async () => {
    const found = await open(image());
    expect(found).toMatchObject({ offset: BEFORE, layout: { size, content: 64, dressing: 164, table: 171, cms: 267, footer: size - 64 } });
    expect(found?.mark.cmsLength).toBe(2000);
    await checkSlack(found!);
  });
  test('has at least 64 KiB for signatures and a size of whole 2048s', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e5), fc.nat(1e5), (contentLength, dressingLength, leaves) => {
        const whole = areaSize({ contentLength, dressingLength, tableLength: 32 * leaves });
        expect(whole % 2048).toBe(0);
        expect(whole - 128 - contentLength - dressingLength - 32 * leaves).toBeGreaterThanOrEqual(65_536);
      }),
    );
  });
  test('no footer magic: no seal', async () => {
    const bytes = image();
    bytes[BEFORE + size - 64] ^= 1;
    expect(await open(bytes)).toBeUndefined();
    expect(await findArea(bytesDisk(new Uint8Array(10)), 10)).toBeUndefined();
  });
  test('every other flipped bit of header and footer is refused', async () => {
    for (const at of [...Array(64).keys()]
      .map((index) => index + BEFORE)
      .concat([...Array(56).keys()].map((index) => index + BEFORE + size - 56))) {
      for (const bit of [1, 0x80]) {
        const bytes = image();
        bytes[at] ^= bit;
        await expect(open(bytes), `byte ${at}`).rejects.toThrow(expect.objectContaining({ code: 'E_SEAL' }));
      }
    }
  });
  test('slack that is not zero is refused, with its place', async () => {
    const bytes = image();
    bytes[BEFORE + size - 65] = 1;
    const found = await open(bytes);
    await expect(checkSlack(found!)).rejects.toMatchObject({ code: 'E_SEAL', offset: BEFORE + size - 65 });
  });
  test('lengths that lie are refused without an allocation', async () => {
    for (const field of ['areaSize', 'contentLength', 'dressingLength', 'tableLength', 'cmsLength'] as const) {
      for (const value of [0, 1, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
        const bytes = image();
        const mark = AreaMark.read(bytes, BEFORE + size - 64);
        AreaMark.write({ ...mark, [field]: value }, bytes, BEFORE + size - 64);
        await expect(open(bytes), `${field} ${value}`).rejects.toThrow(expect.objectContaining({ code: 'E_SEAL' }));
      }
    }
  });
  test('a CMS that does not fit is refused when the area is made', () => {
    expect(() => encodeArea(size, { ...parts, cms: new Uint8Array(70_000) })).toThrow(expect.objectContaining({ code: 'E_SEAL' }));
  });
});
