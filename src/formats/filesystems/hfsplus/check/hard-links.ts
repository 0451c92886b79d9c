/**
 * Checks hard links to files: each link has its inode, each inode its links, in one chain. Sources: TN1150 "Hard Links";
 * hfs_format.h for the chain; what fsck_hfs refuses (HardLinkCheck.c).
 * Left out: chains of hard links to folders, of which only the count of folders is right.
 */
import type { CatalogKey } from '../btree/key.ts';
import type { CatalogItem } from '../catalog.ts';
import { hasType, isFolderLink } from '../hard-links.ts';
import {
  Cnid,
  FILE_CREATOR,
  FILE_TYPE,
  FileMode,
  INODE_PREFIX,
  OwnerFlag,
  PRIVATE_DIRECTORY_FOLDER,
  PRIVATE_FOLDER,
  RecordFlag,
  VolumeAttribute,
  type VolumeHeader,
} from '../structs.ts';
import type { Faults } from './faults.ts';

interface Link {
  readonly id: number;
  readonly previous: number;
  readonly next: number;
  readonly chained: boolean;
  readonly date: number;
  readonly offset: number;
}

interface Inode {
  readonly id: number;
  readonly count: number;
  readonly first: number;
  readonly chained: boolean;
  readonly offset: number;
}

/** A file that is neither link nor inode, when it can first be told. */
interface Ordinary {
  readonly id: number;
  readonly parent: number;
  readonly name: string;
  readonly count: number;
  readonly chained: boolean;
  readonly regular: boolean;
  readonly first: number;
  readonly offset: number;
}

export class LinksCheck {
  readonly #faults: Faults;
  readonly #links = new Map<number, Link[]>();
  /** Files with anything about them that only an inode has, and all with the name of one. */
  readonly #special: Ordinary[] = [];
  readonly #folderLinks = new Map<number, number>();
  #privateFolder: { id: number; date: number } | undefined;
  #privateDirectoryFolder: number | undefined;
  #rootDate = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  folder(item: CatalogItem, { parent, name }: CatalogKey): void {
    if (item.id === Cnid.root) this.#rootDate = item.createDate;
    if (parent !== Cnid.root) return;
    if (name === PRIVATE_FOLDER) this.#privateFolder = { id: item.id, date: item.createDate };
    if (name === PRIVATE_DIRECTORY_FOLDER) this.#privateDirectoryFolder = item.id;
  }

  file(item: CatalogItem, { parent, name }: CatalogKey): void {
    const { id, special, flags, ownerID, groupID, createDate, valence, offset, fileMode } = item;
    const chained = (flags & RecordFlag.hasLinkChain) !== 0;
    if (hasType(item, FILE_TYPE.hardLink, FILE_CREATOR.hardLink)) {
      const link = { id, previous: ownerID, next: groupID, chained, date: createDate, offset };
      const known = this.#links.get(special);
      if (known) known.push(link);
      else this.#links.set(special, [link]);
      if ((item.ownerFlags & OwnerFlag.immutable) === 0) {
        this.#faults.warning('hard-link', `the hard link ${id} is not immutable`, offset + 41, 'BsdInfo.ownerFlags');
      }
    } else if (isFolderLink(item)) {
      this.#folderLinks.set(parent, (this.#folderLinks.get(parent) ?? 0) + 1);
    } else if (chained || special > 1 || valence !== 0 || name.startsWith(INODE_PREFIX)) {
      const regular = (fileMode & FileMode.typeMask) === FileMode.file;
      this.#special.push({ id, parent, name, count: special, chained, regular, first: valence, offset });
    }
  }

  /** Hard links to folders in a folder: its count of folders has them too. */
  folderLinksIn(folder: number): number {
    return this.#folderLinks.get(folder) ?? 0;
  }

  finish(header: VolumeHeader): void {
    for (const file of this.#special) {
      if (file.parent === this.#privateFolder?.id) this.#inode(file, header);
      else this.#ordinary(file);
    }
    for (const [inode, links] of this.#links) {
      this.#faults.error(
        'hard-link',
        `hard link ${links[0]!.id} leads to inode ${inode}, which is not there`,
        links[0]!.offset + 44,
        'BsdInfo.special',
      );
    }
  }

  #ordinary({ id, parent, count, chained, regular, first, offset }: Ordinary): void {
    const inPrivateFolder = parent === this.#privateDirectoryFolder;
    if (chained && !inPrivateFolder) {
      this.#faults.error('link-count', `file ${id} is no hard link, but said to be of a chain`, offset + 2, 'CatalogFile.flags');
    }
    // Devices have their numbers in this field.
    if (regular && count > 1)
      this.#faults.error('link-count', `file ${id} claims ${count} links, it has 1`, offset + 44, 'BsdInfo.special');
    if (first !== 0)
      this.#faults.warning('reserved-field', `a reserved field of file ${id} is not zero`, offset + 4, 'CatalogFile.reserved1');
  }

  #inode({ id, name, count, first, chained, offset }: Ordinary, header: VolumeHeader): void {
    const number = Number(name.slice(INODE_PREFIX.length));
    if (!name.startsWith(INODE_PREFIX) || !Number.isInteger(number)) {
      // "temp" files were deleted while open; they are gone when the volume is unmounted.
      const clean = (header.attributes & VolumeAttribute.unmounted) !== 0;
      if (clean) this.#faults.warning('orphan-inode', `the private folder holds "${name}"`, offset);
      return;
    }
    const links = this.#links.get(number) ?? [];
    this.#links.delete(number);
    if (links.length === 0) this.#faults.error('orphan-inode', `inode ${number} has no links`, offset);
    if (links.length !== count) {
      this.#faults.error('link-count', `inode ${number} claims ${count} links, it has ${links.length}`, offset + 44, 'BsdInfo.special');
    }
    this.#dates(links);
    this.#chain({ id, count, first, chained, offset }, links);
  }

  #dates(links: readonly Link[]): void {
    for (const { id, date, offset } of links) {
      if (date === this.#privateFolder?.date || date === this.#rootDate) continue;
      this.#faults.error('hard-link', `hard link ${id} has another date than the private folder`, offset + 12, 'CatalogFile.createDate');
    }
  }

  /** From the inode's first link on, forwards and backwards. Links made before Mac OS X 10.5 have no chain, nor have Linux's. */
  #chain(inode: Inode, links: readonly Link[]): void {
    if (!inode.chained && links.every(({ chained, previous, next }) => !chained && previous === 0 && next === 0)) return;
    if (!inode.chained)
      this.#faults.error('hard-link', `inode ${inode.id} is not said to be of a chain`, inode.offset + 2, 'CatalogFile.flags');
    const byId = new Map(links.map((link) => [link.id, link]));
    let before = 0;
    let next = inode.first;
    for (let count = 0; count < links.length; count++) {
      const link = byId.get(next);
      if (!link) {
        this.#faults.error(
          'hard-link',
          `the chain of inode ${inode.id} leads to ${next}, which is not one of its links`,
          inode.offset,
          'BsdInfo.groupID',
        );
        return;
      }
      if (!link.chained)
        this.#faults.error('hard-link', `hard link ${link.id} is not said to be of a chain`, link.offset + 2, 'CatalogFile.flags');
      if (link.previous !== before) {
        this.#faults.error(
          'hard-link',
          `hard link ${link.id} follows ${link.previous}, not ${before}`,
          link.offset + 32,
          'BsdInfo.ownerID',
        );
      }
      byId.delete(next);
      before = link.id;
      next = link.next;
    }
    if (next !== 0) this.#faults.error('hard-link', `the chain of inode ${inode.id} does not end`, inode.offset, 'BsdInfo.groupID');
  }
}
