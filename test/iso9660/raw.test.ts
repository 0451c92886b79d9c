import { describe, expect, it } from 'vitest';
import { merged, withGaps } from '../../src/cli/terminal/raw-view.ts';
import type { Disk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { toHex } from '../../src/core/struct.ts';
import { rawFields } from '../../src/formats/filesystems/iso9660/raw.ts';
import { SECTOR } from '../../src/formats/filesystems/iso9660/structs.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import { ImageBytes } from './image-bytes.ts';

const sample = () =>
  tree('Raw', [
    file('loader', new Uint8Array(3000).fill(7)),
    folder('folder', [file('inside', 'x')]),
    symlink('link', 'folder/inside'),
    file('n'.repeat(240), 'long'),
  ]);
const boot = [
  { path: 'loader', platform: 'bios' },
  { path: 'loader', platform: 'uefi' },
] as const;

async function view(disk: Disk): Promise<string[]> {
  const lines: string[] = [];
  let before = 0;
  for await (const { offset, bytes, label, value } of withGaps(disk, merged(rawFields(disk)))) {
    expect(offset).toBeGreaterThanOrEqual(before);
    before = offset;
    lines.push([offset.toString(16).padStart(8, '0'), label, value, toHex(bytes.subarray(0, 12))].join('  ').trimEnd());
  }
  return lines;
}

describe('the raw view', () => {
  it('of a small volume is the golden one', async () => {
    const lines = await view((await ImageBytes.of(sample(), { boot })).disk);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../golden/iso9660/sample.raw.txt');
  });

  it('leaves no byte unnamed but zeros', async () => {
    const many = tree(
      'Many',
      Array.from({ length: 120 }, (_, index) => file(`file ${index} ${'n'.repeat(index)}`, 'x'.repeat(index))),
    );
    for (const image of [await ImageBytes.of(sample(), { boot }), await ImageBytes.of(many, { padding: 150 })]) {
      const gaps = (await view(image.disk)).filter((line) => / {2}gap {2}/.test(line));
      expect(gaps.length).toBeGreaterThan(5);
      expect(gaps.filter((line) => !line.includes('all zero'))).toEqual([]);
    }
  });

  it('shows what is broken as far as it can be read', async () => {
    const image = await ImageBytes.of(sample());
    const { offset } = await image.record('LOADER.;1');
    image.bytes[offset + 32] = 250;
    const lines = await view(image.disk);
    expect(lines.some((line) => line.includes('an identifier of 250 bytes'))).toBe(true);
    expect(lines.some((line) => line.includes('PathTableRecordM.identifier'))).toBe(true);
    image.bytes.fill(0, 16 * SECTOR, 17 * SECTOR);
    await expect(view(image.disk)).rejects.toBeInstanceOf(DisksealError);
  });
});
