import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { opaqueDisk, stream } from '../../src/core/disk.ts';
import { type Entry, type FileTree, find, walk } from '../../src/core/file-tree.ts';
import { toPosix, toStored } from '../../src/formats/filesystems/hfsplus/names.ts';
import { comparedTree } from '../../src/seal/compared-tree.ts';
import type { InventoryEntry } from '../../src/seal/inventory.ts';
import { file, folder, symlink, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';

/** HFS+ decomposes names. */
const asVolume = (name: string): string => toPosix(toStored(name));
const digest = (content: string): Uint8Array => new Uint8Array(createHash('sha256').update(content).digest());
const stated = (path: string, content: string, mode = 0o644): InventoryEntry => ({
  type: 'file',
  path,
  mode,
  size: content.length,
  digest: digest(content),
});

const INVENTORY: readonly InventoryEntry[] = [
  stated('a.txt', 'hello'),
  { type: 'folder', path: 'Docs', mode: 0o755 },
  stated('Docs/Café', 'coffee'),
  stated('Docs/empty', ''),
  { type: 'symlink', path: 'way', mode: 0o777, target: '/Applications' },
];

/** As HFS+ gives it: names decomposed. */
const volume = (
  change: (entries: Entry[]) => Entry[] = (entries) => entries,
  docs: Entry[] = [file('Cafe\u0301', 'coffee'), file('empty')],
): FileTree => tree('v', change([file('a.txt', 'hello'), folder('Docs', docs), symlink('way', '/Applications')]));

async function readAll(given: FileTree): Promise<number> {
  let count = 0;
  for await (const { entry } of walk(given.root)) {
    count++;
    if (entry.type === 'file') for await (const bytes of stream(entry.content, 2)) expect(bytes.length).toBeGreaterThan(0);
  }
  return count;
}

const replaced =
  (name: string, entry: Entry) =>
  (entries: Entry[]): Entry[] =>
    entries.map((one) => (one.name === name ? entry : one));

it('is the tree itself where everything is as stated', async () => {
  expect(await readAll(comparedTree(volume(), INVENTORY, testPlatform, asVolume))).toBe(5);
});

describe('refuses', () => {
  const WRONG: [string, FileTree, RegExp, InventoryEntry[]?][] = [
    ['what is not stated', volume((entries) => [...entries, file('extra')]), /in the volume and not in the inventory/],
    ['what is missing', volume((entries) => entries.slice(1)), /in the inventory and not in the volume/],
    ['what is missing in a folder', volume(undefined, [file('empty')]), /in the inventory and not in the volume/],
    ['another type', volume(replaced('a.txt', symlink('a.txt', 'x'))), /it is a symlink, stated is a file/],
    ['another mode', volume(replaced('a.txt', file('a.txt', 'hello', { mode: 0o755 }))), /its mode is 0755, stated is 0644/],
    ['another size', volume(replaced('a.txt', file('a.txt', 'hell'))), /it has 4 bytes, stated are 5/],
    ['another content', volume(replaced('a.txt', file('a.txt', 'hellO'))), /its content is not the stated one/],
    ['another target', volume(replaced('way', symlink('way', '/'))), /it leads elsewhere/],
    [
      'a digest of an empty file that is not that of nothing',
      volume(),
      /its content/,
      INVENTORY.map((one) => (one.path === 'Docs/empty' ? ({ ...stated('Docs/empty', ''), digest: digest('x') } as InventoryEntry) : one)),
    ],
  ];
  it.each(WRONG)('%s', async (_name, given, message, inventory = [...INVENTORY]) => {
    await expect(readAll(comparedTree(given, inventory, testPlatform, asVolume))).rejects.toMatchObject({
      code: 'E_TAMPERED',
      message: expect.stringMatching(message),
    });
  });
});

it('compares one file without reading the others, also when it is found by name', async () => {
  const unread = opaqueDisk(6, () => Promise.reject(new Error('nobody asked for this one')));
  const given = comparedTree(volume(undefined, [file('Cafe\u0301', unread), file('empty')]), INVENTORY, testPlatform, asVolume);
  const entry = await find(given, 'a.txt');
  expect(entry?.type === 'file' && (await entry.content.read(0, 5)).length).toBe(5);
});

it('leaves reads from the middle to the leaves, and gives nothing more of a file that differed', async () => {
  const given = comparedTree(volume(replaced('a.txt', file('a.txt', 'hellO'))), INVENTORY, testPlatform, asVolume);
  const entry = await find(given, 'a.txt');
  if (entry?.type !== 'file') throw new Error('no file');
  expect((await entry.content.read(2, 3)).length).toBe(3);
  await entry.content.read(0, 4);
  await expect(entry.content.read(4, 1)).rejects.toMatchObject({ code: 'E_TAMPERED' });
  await expect(entry.content.read(0, 4)).rejects.toMatchObject({ code: 'E_TAMPERED' });
});

it('compares again when a file is read again', async () => {
  const given = comparedTree(volume(), INVENTORY, testPlatform, asVolume);
  const entry = await find(given, 'a.txt');
  if (entry?.type !== 'file') throw new Error('no file');
  for (let time = 0; time < 2; time++) {
    await entry.content.read(0, 4);
    expect((await entry.content.read(4, 1)).length).toBe(1);
  }
});

it('compares once what is read by several at the same time', async () => {
  const given = comparedTree(volume(), INVENTORY, testPlatform, asVolume);
  const entry = await find(given, 'a.txt');
  if (entry?.type !== 'file') throw new Error('no file');
  const pieces = await Promise.all([0, 1, 2, 3, 4].map((at) => entry.content.read(at, 1)));
  expect(Buffer.concat(pieces).toString()).toBe('hello');
});

it('spells names as they were stated, when that is wanted', async () => {
  const names = async (spelling?: 'stated'): Promise<string[]> => {
    const found: string[] = [];
    for await (const { entry } of walk(comparedTree(volume(), INVENTORY, testPlatform, asVolume, spelling).root)) found.push(entry.name);
    return found;
  };
  expect(await names()).toContain('Cafe\u0301');
  expect(await names('stated')).toContain('Caf\u00e9');
});
