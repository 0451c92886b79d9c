/**
 * The nodes that the kernel knows: each answer that names one counts, and FORGET takes counts back. What the kernel has forgotten is
 * removed, so that the table has no more entries than the kernel has inodes. Numbers are never used twice.
 */
import type { Entry, Folder } from '../../core/file-tree.ts';
import { ROOT_ID } from './structs.ts';

export interface Inode {
  readonly id: number;
  readonly entry: Entry;
  /** From the root, for messages; of hard links the first that was seen. */
  readonly path: string;
}

interface Known extends Inode {
  lookups: number;
  /** Children that the kernel knows, by name. */
  readonly children: Map<string, Known>;
  /** Where it is a child: several for hard links. */
  readonly places: { readonly parent: Known; readonly name: string }[];
}

export class InodeTable {
  readonly #byId = new Map<number, Known>();
  readonly #byLinkGroup = new Map<string, Known>();
  #nextId = ROOT_ID + 1;

  constructor(root: Folder) {
    this.#byId.set(ROOT_ID, { id: ROOT_ID, entry: root, path: '', lookups: 1, children: new Map(), places: [] });
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: number): Inode | undefined {
    return this.#byId.get(id);
  }

  /** The node of a child, which counts once more. Files of one link group are one node. */
  named(parentId: number, entry: Entry): Inode {
    const parent = this.#byId.get(parentId);
    const known = parent?.children.get(entry.name) ?? this.#linked(entry) ?? this.#add(parent, entry);
    if (parent && !parent.children.has(entry.name)) {
      parent.children.set(entry.name, known);
      known.places.push({ parent, name: entry.name });
    }
    known.lookups++;
    return known;
  }

  forget(id: number, count: number): void {
    const known = this.#byId.get(id);
    if (!known || id === ROOT_ID) return;
    known.lookups -= count;
    if (known.lookups > 0) return;
    this.#byId.delete(id);
    for (const { parent, name } of known.places) parent.children.delete(name);
    const group = groupOf(known.entry);
    if (group !== undefined) this.#byLinkGroup.delete(group);
  }

  #linked(entry: Entry): Known | undefined {
    const group = groupOf(entry);
    return group === undefined ? undefined : this.#byLinkGroup.get(group);
  }

  #add(parent: Known | undefined, entry: Entry): Known {
    const path = parent?.path ? `${parent.path}/${entry.name}` : entry.name;
    const added: Known = { id: this.#nextId++, entry, path, lookups: 0, children: new Map(), places: [] };
    this.#byId.set(added.id, added);
    const group = groupOf(entry);
    if (group !== undefined) this.#byLinkGroup.set(group, added);
    return added;
  }
}

function groupOf(entry: Entry): string | undefined {
  return entry.type === 'file' ? entry.linkGroup : undefined;
}
