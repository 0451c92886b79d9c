import { expect, it } from 'vitest';
import { merged, rawLine, withGaps } from '../../src/cli/terminal/raw-view.ts';
import { bytesDisk, joinDisks, zerosDisk } from '../../src/core/disk.ts';
import type { RawField } from '../../src/core/struct.ts';

const named = (offset: number, length: number, label = 'x', shown = length): RawField => ({
  offset,
  bytes: new Uint8Array(shown).fill(0xab),
  ...(shown < length ? { length } : {}),
  label,
  value: '1',
  note: 'note',
});

async function all(fields: AsyncIterable<RawField>): Promise<RawField[]> {
  const found: RawField[] = [];
  for await (const one of fields) found.push(one);
  return found;
}

it('merges ordered sources, the first one first where they meet', async () => {
  const found = await all(merged([named(0, 1, 'a'), named(9, 1, 'b')], [named(0, 1, 'c'), named(4, 1, 'd')], []));
  expect(found.map(({ label }) => label)).toEqual(['a', 'c', 'd', 'b']);
});

it('shows every byte that nothing names, and says whether it is zero', async () => {
  const disk = joinDisks([bytesDisk(Uint8Array.of(1, 2, 3, 4)), zerosDisk(2 ** 40), bytesDisk(Uint8Array.of(0, 0, 7))]);
  const fields = merged([named(1, 2), named(6, 100, 'region', 0), named(10, 4, 'inside')]);
  const found = await all(withGaps(disk, fields));
  expect(found.map(({ offset, label, length, bytes, value }) => [offset, label, length ?? bytes.length, value])).toEqual([
    [0, 'gap', 1, '1 byte'],
    [1, 'x', 2, '1'],
    [3, 'gap', 3, '3 bytes'],
    [6, 'region', 100, '1'],
    [10, 'inside', 4, '1'],
    [106, 'gap', disk.size - 106, `${(disk.size - 106).toLocaleString('en-US')} bytes`],
  ]);
  const zeros = await all(withGaps(zerosDisk(2 ** 40), merged()));
  expect(zeros.map(({ value }) => value)).toEqual(['1,099,511,627,776 bytes, all zero']);
});

it('prints a line as the golden files have it', () => {
  expect(rawLine({ offset: 0x28, bytes: new Uint8Array(6), length: 6, label: 'gap', value: '6 bytes, all zero', note: '' })).toBe(
    '00000028  000000000000               gap                                       6 bytes, all zero',
  );
  expect(rawLine(named(8, 40, 'Long.field', 40))).toMatch(/^00000008 {2}(?:ab){12}… {2}Long\.field +1 +note$/);
});
