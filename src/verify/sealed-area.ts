/** The bytes of a seal that no digest covers: each of them is fixed by the statement, or zero, or part of the signatures. */
import { type Disk, readRange, sliceDisk, stream } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { type Area, checkSlack, readCms } from '../seal/area.ts';
import { treeRoot } from '../seal/hash-tree.ts';
import { type InventoryEntry, parseInventory } from '../seal/inventory.ts';
import type { InventoryDigest, Statement } from '../seal/statement.ts';
import { hiddenFile } from './hidden-file.ts';

/** Beyond any volume that can be built: a million files have 150 MB. */
const INVENTORY_LIMIT = 256 << 20;
const LINE_FEED = 0x0a;

/** @throws DisksealError `E_SEAL` for what is not as it was signed, `E_UNCOVERED` for a file hidden among the signatures */
export async function checkArea(area: Area, { content, dressing }: Statement, platform: Platform): Promise<void> {
  await checkSlack(area);
  refuseHiddenFile(await readCms(area), area.offset + area.layout.cms);
  await checkInventory('content', content, contentOf(area), platform);
  await checkInventory('dressing', dressing, dressingOf(area), platform);
}

/** The leaf table, proven to hash to the signed root. @throws DisksealError `E_SEAL` */
export async function readTable(area: Area, { tree }: Statement, platform: Platform): Promise<Uint8Array> {
  const offset = area.offset + area.layout.table;
  const table = await readRange(area.disk, offset, area.mark.tableLength, 'leaf table');
  if (toHex(await treeRoot(table, platform)) === tree.root) return table;
  throw new DisksealError('E_SEAL', 'the leaf table does not give the signed root', { offset });
}

/** Content and dressing. @throws DisksealError `E_TAMPERED`, `E_SEAL`, `E_UNSUPPORTED` for one that is too long */
export async function readInventory(area: Area, { content, dressing }: Statement, platform: Platform): Promise<InventoryEntry[]> {
  const own = await readList('content', content, contentOf(area), platform);
  const added = await readList('dressing', dressing, dressingOf(area), platform);
  return [...own, ...added];
}

/** One inventory as it is stored. */
interface Stored {
  readonly disk: Disk;
  /** Where it begins, for messages. */
  readonly offset: number;
}

function contentOf({ disk, offset, layout, mark }: Area): Stored {
  const start = offset + layout.content;
  return { disk: sliceDisk(disk, start, mark.contentLength), offset: start };
}

function dressingOf({ disk, offset, layout, mark }: Area): Stored {
  const start = offset + layout.dressing;
  return { disk: sliceDisk(disk, start, mark.dressingLength), offset: start };
}

async function checkInventory(name: string, expected: InventoryDigest, { disk, offset }: Stored, platform: Platform): Promise<void> {
  const wrong = (what: string): DisksealError => new DisksealError('E_SEAL', `the ${name} inventory ${what}`, { offset });
  if (disk.size !== expected.bytes) throw wrong(`has ${disk.size} bytes, ${expected.bytes} were signed`);
  const hash = platform.hash('sha256');
  let lines = 0;
  for await (const bytes of stream(disk)) {
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
    await hash.update(bytes);
  }
  if (toHex(await hash.digest()) !== expected.digest) throw wrong('is not the one that was signed');
  if (lines !== expected.entries) throw wrong(`has ${lines} entries, ${expected.entries} were signed`);
}

function refuseHiddenFile(signatures: Uint8Array, offset: number): void {
  const found = hiddenFile(signatures);
  if (!found) return;
  throw new DisksealError('E_UNCOVERED', `the signatures hold a file of another kind, as a ${found.format} begins or ends`, {
    offset: offset + found.offset,
    hint: 'whoever added that signature or timestamp may have hidden something: use the image as the publisher gave it out',
  });
}

/** The file may have changed since the inventory was checked: what is parsed is what is hashed. */
async function readList(name: string, expected: InventoryDigest, { disk, offset }: Stored, platform: Platform): Promise<InventoryEntry[]> {
  if (expected.bytes > INVENTORY_LIMIT)
    throw new DisksealError('E_UNSUPPORTED', `the ${name} inventory has ${expected.bytes} bytes, ${INVENTORY_LIMIT} are read`, { offset });
  const bytes = await readRange(disk, 0, expected.bytes, `${name} inventory`);
  if (toHex(await platform.digest('sha256', bytes)) !== expected.digest) {
    throw new DisksealError('E_TAMPERED', `the ${name} inventory is not what was signed`, {
      offset,
      hint: 'the image was changed after it was verified',
    });
  }
  return parseInventory(bytes);
}
