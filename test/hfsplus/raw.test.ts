/** The raw view names every byte that is not zero. `UPDATE_GOLDEN=1` writes the golden view anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withGaps } from '../../src/cli/terminal/raw-view.ts';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { rawFields } from '../../src/formats/filesystems/hfsplus/raw.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import { VolumeBytes } from '../support/volume-bytes.ts';

const GOLDEN = new URL('../golden/hfsplus/raw.golden.txt', import.meta.url);

function sample() {
  const xattrs = new Map([
    ['com.example.small', bytesDisk(new Uint8Array([1, 2, 3]))],
    ['com.example.large', bytesDisk(new Uint8Array(4000).fill(7))],
  ]);
  return tree('Raw', [
    file('file', 'content', { xattrs, resourceFork: bytesDisk(new Uint8Array(9).fill(8)), mode: 0o600, uid: 501, gid: 20 }),
    file('link a', 'linked', { linkGroup: '1' }),
    file('link b', 'linked', { linkGroup: '1' }),
    folder('folder', [symlink('symbolic link', '../file')]),
  ]);
}

/** One line for each field and gap, in columns of our own: how the command lays them out is another matter. */
async function view(disk: Disk): Promise<string[]> {
  const lines: string[] = [];
  for await (const { offset, label, value, note } of withGaps(disk, rawFields(disk))) {
    lines.push([offset.toString(16).padStart(8, '0'), label, value, note].join('  ').trimEnd());
  }
  return lines;
}

it('of a small volume is the golden one', async () => {
  const lines = await view((await VolumeBytes.of(sample())).disk);
  if (process.env['UPDATE_GOLDEN'] !== undefined || !existsSync(GOLDEN)) writeFileSync(GOLDEN, `${lines.join('\n')}\n`);
  expect(lines).toEqual(readFileSync(GOLDEN, 'utf8').trimEnd().split('\n'));
});

it('leaves no byte unnamed but zeros', async () => {
  const many = Array.from({ length: 300 }, (_, index) => file(`file ${index}`, 'x'.repeat(index)));
  for (const volume of [await VolumeBytes.of(sample()), await VolumeBytes.of(tree('Many', many), { freeBytes: 100_000 })]) {
    const gaps = (await view(volume.disk)).filter((line) => /^\w+ {2}gap /.test(line));
    expect(gaps.length).toBeGreaterThan(5);
    expect(gaps.filter((line) => !line.includes('all zero'))).toEqual([]);
  }
});

it('shows what is broken as far as it can be read', async () => {
  const volume = await VolumeBytes.of(sample());
  volume.view.setUint16(volume.offsetEntry('catalog', 1, 1), 3);
  volume.setTreeHeader('attributes', { nodeSize: 5 });
  const lines = await view(volume.disk);
  expect(lines.find((line) => line.includes('catalog node 1'))).toContain('record 1 of node 1 begins at 3');
  expect(lines.some((line) => line.includes('attributesFile'))).toBe(true);
  volume.bytes.fill(0, 1024, 1536);
  await expect(view(volume.disk)).rejects.toBeInstanceOf(DisksealError);
});
