/** The tree in memory: one node for each entry, hard links to one file sharing an information control block (ICB). */
import type { Disk } from '../../../../core/disk.ts';
import { DisksealError } from '../../../../core/errors.ts';
import type { Entry, FileTree, Folder } from '../../../../core/file-tree.ts';
import { type Held, type StoredMetadata, sortedChildren, storedMetadata, storedName, type Warn, warnOfLosses } from '../stored-metadata.ts';
import { encodeTarget } from '../symbolic-link.ts';

/** A name in a folder. */
export interface Link {
  /** As it stands in the file identifier. */
  readonly name: Uint8Array;
  readonly icb: Icb;
}

/** What a name leads to. */
export interface Icb {
  readonly kind: 'folder' | 'file' | 'symlink';
  /** Place among all ICBs: the root is 0. */
  readonly number: number;
  readonly metadata: StoredMetadata;
  /** Folders within a folder count, and the folder itself; names of a file. */
  links: number;
  /** Of a folder. */
  readonly parent: Icb | undefined;
  readonly children: Link[];
  /** A file's, and what a link leads to. */
  readonly content: Disk | undefined;
  readonly target: Uint8Array | undefined;
  /** Where the first name of it stands. */
  readonly path: string;
  /** Where further names stand: hard links. */
  readonly otherPaths: string[];
}

const DEPTH_LIMIT = 512;

export interface TreeIndex {
  readonly icbs: readonly Icb[];
  readonly files: number;
  readonly folders: number;
}

/** Reads the tree folder by folder; nothing of the contents. @throws DisksealError `E_UDF`, `E_UNSUPPORTED` */
export async function indexTree({ root }: FileTree, held: Held, warn: Warn | undefined): Promise<TreeIndex> {
  const indexing = new Indexing(held, warn);
  await indexing.fill(indexing.add(root, '', undefined), root, 0);
  const folders = indexing.icbs.filter(({ kind }) => kind === 'folder').length;
  return { icbs: indexing.icbs, folders, files: indexing.icbs.length - folders };
}

class Indexing {
  readonly icbs: Icb[] = [];
  readonly #groups = new Map<string, Icb>();
  readonly #held: Held;
  readonly #warn: Warn | undefined;

  constructor(held: Held, warn: Warn | undefined) {
    this.#held = held;
    this.#warn = warn;
  }

  add(entry: Entry, path: string, parent: Icb | undefined): Icb {
    warnOfLosses(entry, path, this.#warn);
    const icb: Icb = {
      kind: entry.type,
      number: this.icbs.length,
      metadata: storedMetadata(entry, this.#held),
      links: 1,
      parent,
      children: [],
      content: entry.type === 'file' ? entry.content : undefined,
      target: entry.type === 'symlink' ? encodeTarget(entry.target) : undefined,
      path,
      otherPaths: [],
    };
    this.icbs.push(icb);
    return icb;
  }

  async fill(icb: Icb, folder: Folder, depth: number): Promise<void> {
    if (depth >= DEPTH_LIMIT)
      throw new DisksealError('E_UNSUPPORTED', `folders are nested more than ${DEPTH_LIMIT} deep`, { path: icb.path });
    for (const entry of await sortedChildren(folder, icb.path)) {
      const path = icb.path === '' ? entry.name : `${icb.path}/${entry.name}`;
      const name = storedName(entry.name, path);
      const found = this.#icbOf(entry, path, icb);
      icb.children.push({ name, icb: found });
      if (entry.type !== 'folder') continue;
      icb.links++;
      await this.fill(found, entry, depth + 1);
    }
  }

  #icbOf(entry: Entry, path: string, parent: Icb): Icb {
    const group = entry.type === 'file' ? entry.linkGroup : undefined;
    const known = group === undefined ? undefined : this.#groups.get(group);
    if (known) {
      if (known.links === 0xffff) throw new DisksealError('E_UDF', 'the file has more than 65,535 hard links', { path });
      known.links++;
      known.otherPaths.push(path);
      return known;
    }
    const icb = this.add(entry, path, entry.type === 'folder' ? parent : undefined);
    if (group !== undefined) this.#groups.set(group, icb);
    return icb;
  }
}
