/**
 * A volume's tree, compared with the signed inventory as it is used: what is listed must be stated, what is stated must be
 * listed, and a file that is read to its end must have the stated digest. Nobody reads the whole volume for one file.
 */
import { type Disk, opaqueDisk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Entry, FileTree, Folder } from '../core/file-tree.ts';
import type { Hash, Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import type { InventoryEntry } from './inventory.ts';

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

type Stated = ReadonlyMap<string, ReadonlyMap<string, InventoryEntry>>;

/** How names are spelled: as the volume shows them, or as they were stated; HFS+ decomposes names, and shows others than it was given. */
export type Spelling = 'volume' | 'stated';

interface Comparison {
  readonly stated: Stated;
  readonly spelling: Spelling;
  readonly platform: Platform;
}

/**
 * @param inventory - as `Verdict.inventory` gives it
 * @param asVolume - a name of the inventory as the volume's filesystem shows it
 * @returns the same tree; its functions throw DisksealError `E_TAMPERED` at the first difference
 */
export function comparedTree(
  tree: FileTree,
  inventory: readonly InventoryEntry[],
  platform: Platform,
  asVolume: (name: string) => string,
  spelling: Spelling = 'volume',
): FileTree {
  return { root: comparedFolder(tree.root, '', { stated: byFolder(inventory, asVolume), spelling, platform }) };
}

/** Path of a folder → name → entry. */
function byFolder(inventory: readonly InventoryEntry[], asVolume: (name: string) => string): Stated {
  const folders = new Map<string, Map<string, InventoryEntry>>();
  for (const entry of inventory) {
    const path = entry.path.split('/').map(asVolume).join('/');
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(0, slash));
    const children = folders.get(parent) ?? new Map<string, InventoryEntry>();
    const name = path.slice(slash + 1);
    if (children.has(name)) throw differs(entry.path, 'the inventory has it twice, or two names that are one in the volume');
    folders.set(parent, children.set(name, entry));
  }
  // What lies in no folder would be stated, never listed and so never missed.
  for (const path of folders.keys()) {
    const slash = path.lastIndexOf('/');
    const entry = folders.get(path.slice(0, Math.max(0, slash)))?.get(path.slice(slash + 1));
    if (path !== '' && entry?.type !== 'folder') throw differs(path, 'the inventory has something in it and not the folder itself');
  }
  return folders;
}

function comparedFolder(folder: Folder, path: string, comparison: Comparison): Folder {
  const expected: ReadonlyMap<string, InventoryEntry> = comparison.stated.get(path) ?? new Map();
  const compared = (entry: Entry): Entry => {
    const place = path === '' ? entry.name : `${path}/${entry.name}`;
    const found = expected.get(entry.name);
    if (!found) throw differs(place, 'it is in the volume and not in the inventory');
    const same = comparedEntry(entry, found, place, comparison);
    return comparison.spelling === 'stated' ? { ...same, name: found.path.slice(found.path.lastIndexOf('/') + 1) } : same;
  };
  return {
    ...folder,
    async *children() {
      const missing = new Set(expected.keys());
      for await (const entry of folder.children()) {
        missing.delete(entry.name);
        yield compared(entry);
      }
      const [first] = missing;
      if (first !== undefined) throw differs(path === '' ? first : `${path}/${first}`, 'it is in the inventory and not in the volume');
    },
    ...(folder.child
      ? {
          child: async (name: string) => {
            const entry = await folder.child?.(name);
            return entry && compared(entry);
          },
        }
      : {}),
  };
}

function comparedEntry(entry: Entry, expected: InventoryEntry, path: string, comparison: Comparison): Entry {
  if (entry.type !== expected.type) throw differs(path, `it is a ${entry.type}, stated is a ${expected.type}`);
  if (entry.mode !== expected.mode) throw differs(path, `its mode is ${octal(entry.mode)}, stated is ${octal(expected.mode)}`);
  if (entry.type === 'folder') return comparedFolder(entry, path, comparison);
  if (entry.type === 'symlink') {
    if (expected.type === 'symlink' && expected.target !== entry.target) throw differs(path, 'it leads elsewhere than stated');
    return entry;
  }
  if (expected.type !== 'file') return entry;
  if (entry.content.size !== expected.size) throw differs(path, `it has ${entry.content.size} bytes, stated are ${expected.size}`);
  // An empty file is never read to its end.
  if (expected.size === 0 && toHex(expected.digest) !== SHA256_OF_NOTHING) throw differs(path, 'its content is not the stated one');
  return { ...entry, content: comparedContent(entry.content, toHex(expected.digest), path, comparison.platform) };
}

/** Hashes what is read front to back; a read from 0 begins anew, a read elsewhere ends the comparison. What differed once stays unreadable. */
function comparedContent(content: Disk, digest: string, path: string, platform: Platform): Disk {
  let hash: Hash | undefined;
  let hashed = 0;
  let failure: DisksealError | undefined;
  const compared = opaqueDisk(content.size, async (position, into) => {
    if (failure) throw failure;
    await content.read(position, into.length, into);
    if (position === 0) {
      hash = platform.hash('sha256');
      hashed = 0;
    }
    if (!hash || position !== hashed) return;
    // Others may read on while this one waits: the one that came to the end compares.
    const [current, end] = [hash, hashed + into.length];
    hashed = end;
    await current.update(into);
    if (end < content.size) return;
    hash = undefined;
    if (toHex(await current.digest()) === digest) return;
    failure = differs(path, 'its content is not the stated one');
    throw failure;
  });
  // A verified disk is opaque by itself; a build asks where the bytes lie.
  return { ...compared, extents: (from) => content.extents(from) };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function differs(path: string, message: string): DisksealError {
  return new DisksealError('E_TAMPERED', `volume and inventory differ: ${message}`, {
    field: path,
    hint: 'the publisher signed an image whose parts contradict each other',
  });
}
