/** One tree of an image: its directories' records as folders, files and links. Sources as in open.ts. */
import { type Disk, opaqueDisk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import type { Entry, File, Folder, Metadata } from '../../../core/file-tree.ts';
import { type Blocks, directoryExtent, type Extent, extentOf, isSelf, type PlacedRecord, readRecords, recordAt } from './directory.ts';
import { contentOf, joinSections, type Sections } from './file-sections.ts';
import { malformed, unsupported } from './malformed.ts';
import { checkName, isoName, jolietName } from './names.ts';
import { type RockRidge, rockRidge, rockRidgeSkip } from './rock-ridge.ts';
import { type DirectoryRecord, FileFlag, SECTOR, type VolumeDescriptor } from './structs.ts';
import { type SystemUse, systemUseEntries } from './system-use.ts';
import type { PlacedDescriptor } from './volume-descriptors.ts';

/** `iso9660`: the primary tree as it is without Rock Ridge; `enhanced`: the tree of an ISO 9660:1999 descriptor. */
export type ViewName = 'rockRidge' | 'joliet' | 'enhanced' | 'iso9660';

/** st_mode */
const Mode = { type: 0o170000, folder: 0o040000, file: 0o100000, symlink: 0o120000, permissions: 0o7777 } as const;
const UF_HIDDEN = 0x8000;
/** Where makers put directories that lie too deep (RRIP 4.1.5), by its plain name. */
const MOVED = 'RR_MOVED';
/** In an image for CD-ROM XA the first entry stands behind fourteen bytes of its own (SUSP 5.3). */
const XA_SIZE = 14;

export class View {
  readonly #blocks: Blocks;
  readonly #name: ViewName;
  /** Rock Ridge: bytes to skip in each system use area. */
  readonly #skip: number;
  /** Start of each directory that was listed → the record that led there: what is walked is a tree, whatever the records say. */
  readonly #reached = new Map<number, number>();
  #reachedBytes = 0;

  constructor(disk: Disk, descriptor: VolumeDescriptor, name: ViewName, skip = 0) {
    this.#blocks = { disk, blockSize: descriptor.logicalBlockSize, volumeSequenceNumber: descriptor.volumeSequenceNumber };
    this.#name = name;
    this.#skip = skip;
  }

  /** @returns how many bytes to skip in system use areas when the tree has Rock Ridge */
  async rockRidgeSkip({ root, offset }: PlacedDescriptor): Promise<number | undefined> {
    const first = await this.#self(directoryExtent(this.#blocks, root, offset + 156, ''));
    const start = startOfEntries(first.systemUse);
    return start === undefined ? undefined : rockRidgeSkip(await this.#entries(first, start));
  }

  async root({ root, offset }: PlacedDescriptor, title: string): Promise<Folder> {
    const extent = directoryExtent(this.#blocks, root, offset + 156, '');
    const isRockRidge = this.#name === 'rockRidge';
    const first = isRockRidge ? await this.#self(extent) : undefined;
    const found = first ? rockRidge(await this.#entries(first, startOfEntries(first.systemUse) ?? 0)) : {};
    return this.#folder(metadata(root, found, title), extent, offset + 156, isRockRidge);
  }

  /** @param led - offset of the record that leads here @param hidesMoved - the root, whose folder of relocated directories is no one's */
  #folder(given: Metadata, extent: Extent, led: number, hidesMoved = false): Folder {
    return { ...given, type: 'folder', children: () => this.#children(extent, led, hidesMoved) };
  }

  async *#children(extent: Extent, led: number, hidesMoved: boolean): AsyncGenerator<Entry> {
    this.#reach(extent, led);
    const names = new Map<string, string>();
    let fork: Sections | undefined;
    for await (const window of joinSections(readRecords(this.#blocks.disk, extent))) {
      for (const sections of window) {
        if (sections[0].record.fileFlags & FileFlag.associated) {
          if (fork) throw unowned(fork);
          fork = sections;
          continue;
        }
        const entry = await this.#entry(sections, fork);
        fork = undefined;
        if (!entry || (hidesMoved && (await this.#isMoved(sections[0])))) continue;
        yield this.#distinct(entry, sections[0], names);
      }
    }
    if (fork) throw unowned(fork);
  }

  /**
   * In the plain trees "A", "A." and "A.;2" show as one name: the later ones are shown as they stand there.
   * @param names - what is shown so far, and for plain names the identifier
   */
  #distinct(entry: Entry, { identifier, offset }: PlacedRecord, names: Map<string, string>): Entry {
    const isPlain = this.#name === 'iso9660' || this.#name === 'enhanced';
    const whole = isPlain ? String.fromCharCode(...identifier) : '';
    const before = names.get(entry.name);
    const name = isPlain && before !== undefined && before !== whole ? whole : entry.name;
    if (names.has(name)) throw malformed(`two entries have the name "${name}"`, offset, 'DirectoryRecord.identifier');
    names.set(name, whole);
    return name === entry.name ? entry : { ...entry, name: checkName(name, offset) };
  }

  /** Directories of a sound image do not overlap, so all of them together are not larger than it. */
  #reach({ start, length }: Extent, led: number): void {
    const before = this.#reached.get(start);
    if (before === led) return;
    if (before !== undefined) throw malformed(`the directory at ${start} is reached by two ways`, led, 'DirectoryRecord.extentLocation');
    this.#reached.set(start, led);
    this.#reachedBytes += length;
    if (this.#reachedBytes > this.#blocks.disk.size) throw malformed('directories overlap', led, 'DirectoryRecord.extentLocation');
  }

  /** @param fork - the associated file before it @returns nothing for a directory that is listed elsewhere */
  async #entry(sections: Sections, fork: Sections | undefined): Promise<Entry | undefined> {
    const [first] = sections;
    const found = this.#name === 'rockRidge' ? rockRidge(await this.#entries(first, this.#skip)) : {};
    if (found.isRelocated) return undefined;
    const plain = this.#name === 'joliet' ? jolietName(first.identifier) : isoName(first.identifier);
    const name = checkName(found.name ?? plain, first.offset);
    if (fork && !sameIdentifier(fork[0], first)) throw unowned(fork);
    if (found.childLocation !== undefined) return this.#relocated(first, found.childLocation, name);
    const type = typeOf(first, found, name);
    const given = metadata(first.record, found, name);
    if (type === 'symlink') return { ...given, type, target: found.target! };
    if (type === 'file') return this.#file(sections, found, given, fork);
    return this.#folder(given, directoryExtent(this.#blocks, first.record, first.offset, name), first.offset);
  }

  #file(sections: Sections, found: RockRidge, given: Metadata, fork: Sections | undefined): File {
    const extents = this.#extents(sections, given.name);
    const forkExtents = fork ? this.#extents(fork, given.name) : [];
    const stored = contentOf(this.#blocks.disk, extents);
    const resourceFork = contentOf(this.#blocks.disk, forkExtents);
    const linkGroup = linkGroupOf(found, extents);
    return {
      ...given,
      type: 'file',
      content: found.otherForm ? unreadable(found.otherForm, given.name, sections[0].offset) : stored,
      ...(resourceFork.size > 0 ? { resourceFork } : {}),
      ...(linkGroup === undefined ? {} : { linkGroup }),
    };
  }

  #extents(sections: Sections, name: string): Extent[] {
    return sections.map(({ record, offset }) => extentOf(this.#blocks, record, offset, name));
  }

  /** A directory that lies elsewhere: its own first record says how long it is and whose. */
  async #relocated({ offset }: PlacedRecord, block: number, name: string): Promise<Folder> {
    const { disk, blockSize } = this.#blocks;
    const start = block * blockSize;
    if (start + SECTOR > disk.size) throw malformed(`"${name}" is at ${start}, the image has ${disk.size} bytes`, offset, 'CL.location');
    const self = await this.#self({ start, length: SECTOR });
    const extent = directoryExtent(this.#blocks, self.record, self.offset, name);
    if (extent.start !== start) throw malformed(`the directory of "${name}" says that it is elsewhere`, self.offset, 'CL.location');
    const found = rockRidge(await this.#entries(self, this.#skip));
    if (found.isRelocated) delete found.isRelocated;
    return this.#folder(metadata(self.record, found, name), extent, offset);
  }

  /** Whether a directory of the root holds nothing but what is listed elsewhere. */
  async #isMoved({ identifier, record, offset }: PlacedRecord): Promise<boolean> {
    if (isoName(identifier) !== MOVED || (record.fileFlags & FileFlag.directory) === 0) return false;
    const extent = directoryExtent(this.#blocks, record, offset, MOVED);
    for await (const window of joinSections(readRecords(this.#blocks.disk, extent))) {
      for (const [first] of window) if (!rockRidge(await this.#entries(first, this.#skip)).isRelocated) return false;
    }
    return true;
  }

  /** The first record of a directory, "." */
  async #self({ start, length }: Extent): Promise<PlacedRecord> {
    const bytes = await this.#blocks.disk.read(start, Math.min(length, SECTOR));
    const first = bytes.length > 0 ? recordAt(bytes, 0, start) : undefined;
    if (first && isSelf(first)) return first;
    throw malformed('a directory does not begin with itself', start, 'DirectoryRecord.identifier');
  }

  #entries({ systemUse, systemUseOffset }: PlacedRecord, skip: number): Promise<SystemUse[]> {
    const { disk, blockSize } = this.#blocks;
    return systemUseEntries(disk, blockSize, systemUse.subarray(skip), systemUseOffset + skip);
  }
}

/** Where the root's entries begin; undefined when there are none. */
function startOfEntries(area: Uint8Array): number | undefined {
  return [0, XA_SIZE].find((at) => area[at] === 0x53 && area[at + 1] === 0x50);
}

function sameIdentifier(one: PlacedRecord, other: PlacedRecord): boolean {
  return one.identifier.length === other.identifier.length && one.identifier.every((byte, at) => byte === other.identifier[at]);
}

function unowned([{ offset }]: Sections): DisksealError {
  return malformed('an associated file is not followed by its file', offset, 'DirectoryRecord.fileFlags');
}

/** The record and Rock Ridge must agree: readers believe either. */
function typeOf({ record, offset }: PlacedRecord, { mode = 0, target }: RockRidge, name: string): Entry['type'] {
  const isFolder = (record.fileFlags & FileFlag.directory) !== 0;
  const type = mode & Mode.type;
  if (type === Mode.symlink && !isFolder && target !== undefined) return 'symlink';
  if (type !== 0 && type !== Mode.folder && type !== Mode.file && type !== Mode.symlink) {
    throw unsupported(`"${name}" is a device, pipe or socket (mode 0${mode.toString(8)})`, offset, 'PX.mode');
  }
  if (target !== undefined || (type !== 0 && type !== (isFolder ? Mode.folder : Mode.file))) {
    throw malformed(`"${name}" has the mode 0${mode.toString(8)}, its record says otherwise`, offset, 'PX.mode');
  }
  return isFolder ? 'folder' : 'file';
}

function metadata(record: DirectoryRecord, found: RockRidge, name: string): Metadata {
  const isFolder = (record.fileFlags & FileFlag.directory) !== 0;
  const { mode = isFolder ? 0o755 : 0o644, uid = 0, gid = 0, times, finderInfo } = found;
  return {
    name,
    mode: mode & Mode.permissions,
    uid,
    gid,
    times: { ...times, modified: times?.modified ?? record.recordingDate ?? 0 },
    ...(record.fileFlags & FileFlag.hidden ? { flags: UF_HIDDEN } : {}),
    ...(finderInfo ? { finderInfo } : {}),
  };
}

/** Names of one file: they say so, and name the same bytes. RRIP 1.09 has no number for a file, then its place is one. */
function linkGroupOf({ links = 1, serial }: RockRidge, extents: readonly Extent[]): string | undefined {
  const bytes = extents.map(({ start, length }) => `${start}+${length}`).join(' ');
  const isEmpty = extents.every(({ length }) => length === 0);
  if (links < 2 || (isEmpty && serial === undefined)) return undefined;
  return serial === undefined ? bytes : `${serial}: ${bytes}`;
}

function unreadable({ what, size }: { what: string; size: number }, name: string, offset: number): Disk {
  return opaqueDisk(size, () => Promise.reject(new DisksealError('E_UNSUPPORTED', `"${name}" is ${what}, which is not read`, { offset })));
}
