/**
 * Reads UDF volumes: 1.02 to 2.01, and 2.50 with its metadata partition. Source: ECMA-167 part 4, UDF 2.01 2.3.
 * Left out: what `volume.ts` and `file-entry.ts` leave out; devices and other special files, which are refused.
 */
import type { Disk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { Entry, FileTree, Folder, Metadata } from '../../../core/file-tree.ts';
import { readTag } from './descriptor-tag.ts';
import { readContent, type Space, type StoredFile } from './file-entry.ts';
import { Characteristic, FileIdentifier, FileType, TagId } from './structs.ts';
import { decodeTarget } from './symbolic-link.ts';
import { decodeText } from './text.ts';
import { readVolume } from './volume.ts';

/** A folder's list and a link's target are read whole. Bytes. */
const LIST_LIMIT = 64 << 20;
const TARGET_LIMIT = 65_536;

/**
 * @returns the tree; folders are read when their children are asked for
 * @throws DisksealError `E_UDF`, `E_UNSUPPORTED`, `E_TRUNCATED`; reading folders later too
 */
export async function open(disk: Disk): Promise<FileTree> {
  const volume = await readVolume(disk);
  const reader: Reader = { space: volume, parents: new Map() };
  const root = await entryAt(reader, { partition: volume.root.partition, block: volume.root.block }, volume.name, '');
  if (root.type !== 'folder') throw new DisksealError('E_UDF', 'the root of the volume is no folder', { offset: 0 });
  return { root };
}

interface Reader {
  readonly space: Space;
  /** Folder by its entry's place, to where it was found: a second place is a loop or a lie. */
  readonly parents: Map<string, string>;
}

interface Place {
  readonly partition: number;
  readonly block: number;
}

async function entryAt(reader: Reader, { partition, block }: Place, name: string, parent: string): Promise<Entry> {
  const stored = await readContent(reader.space, partition, block);
  const { mode, uid, gid, times, content, links, fileType } = stored;
  const key = `${partition}:${block}`;
  const metadata: Metadata = { name, mode, uid, gid, times };
  const offset = block * reader.space.blockSize;
  if (fileType === FileType.folder) {
    const known = reader.parents.get(key);
    const place = `${parent}/${name}`;
    if (known !== undefined && known !== place) throw fault(`the folder "${name}" stands in two places`, offset);
    reader.parents.set(key, place);
    return folder(reader, metadata, stored, key, offset);
  }
  if (fileType === FileType.symlink) {
    if (content.size > TARGET_LIMIT) throw fault(`a symbolic link of ${content.size} bytes`, offset);
    return { ...metadata, type: 'symlink', target: decodeTarget(await content.read(0, content.size), offset) };
  }
  if (fileType === FileType.file || fileType === FileType.realTime) {
    return { ...metadata, type: 'file', content, ...(links > 1 ? { linkGroup: key } : {}) };
  }
  throw new DisksealError('E_UNSUPPORTED', `"${name}" is a special file (type ${fileType}), which is not read`, { offset });
}

function folder(reader: Reader, metadata: Metadata, { content }: StoredFile, key: string, offset: number): Folder {
  if (content.size > LIST_LIMIT) throw fault(`a folder's list has ${content.size} bytes, ${LIST_LIMIT} are read`, offset);
  return {
    ...metadata,
    type: 'folder',
    async *children() {
      const names = new Set<string>();
      for (const { name, place } of identifiers(await content.read(0, content.size), offset)) {
        if (names.has(name)) throw fault(`a folder has two entries named "${name}"`, offset);
        names.add(name);
        yield await entryAt(reader, place, name, key);
      }
    },
  };
}

interface Identifier {
  readonly name: string;
  readonly place: Place;
}

/** File identifiers run on one after the other, each padded to 4 bytes; deleted ones and the one of the parent are passed over. */
function* identifiers(list: Uint8Array, offset: number): Generator<Identifier> {
  for (let at = 0; at < list.length; ) {
    const { tag, characteristics, nameLength, implementationLength, icb } = FileIdentifier.read(list, at, offset);
    const size = FileIdentifier.size + implementationLength + nameLength;
    if (tag.identifier !== TagId.fileIdentifier || at + size > list.length)
      throw fault('a folder holds something else than file identifiers', offset);
    // Some makers count the padding, some do not.
    readTag(list.subarray(at, at + padded(size)), tag.location, offset);
    if (!(characteristics & (Characteristic.parent | Characteristic.deleted))) {
      const name = decodeText(list.subarray(at + size - nameLength, at + size), offset);
      if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
        throw fault(`a folder has an entry named ${JSON.stringify(name)}`, offset);
      yield { name, place: { partition: icb.partition, block: icb.block } };
    }
    at += padded(size);
  }
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function fault(message: string, offset: number): DisksealError {
  return new DisksealError('E_UDF', message, { offset });
}
