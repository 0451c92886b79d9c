/** Which entries a tree of a planned volume shows, under which identifiers and in which order. */
import { isoIdentifiers, jolietNames, type Level, type NamedChild } from '../identifiers.ts';
import { shownIdentifier } from '../names.ts';
import { compare } from '../sorted-children.ts';
import { Column, Kind, type TreeIndex } from './tree-index.ts';

export interface TreeNames {
  /** A folder's children, in the order of their records. */
  children(folder: number): Uint32Array;
  /** As it stands in the record. */
  identifier(entry: number): Uint8Array;
  /** As readers show it. */
  shown(entry: number): string;
}

/** How a tree names what it shows. */
export interface Naming {
  /** Maps the names of a folder's children. */
  readonly map: (children: readonly NamedChild[]) => string[];
  readonly showsLinks: boolean;
  readonly encode: (identifier: string) => Uint8Array;
  /** What readers show, which also orders the records. */
  readonly show: (identifier: string) => string;
}

/** The primary tree's: ECMA-119 9.3 orders by name and extension, which for d-characters is the order of what is shown. */
export function primaryNaming(level: Level, showsLinks: boolean): Naming {
  return { map: (children) => isoIdentifiers(children, level), showsLinks, encode: ascii, show: shownIdentifier };
}

/** Joliet orders by 16-bit units and has no links. */
export function jolietNaming(longest: number): Naming {
  return { map: (children) => jolietNames(children, longest), showsLinks: false, encode: utf16, show: (name) => name };
}

export interface NamedEntry extends NamedChild {
  readonly isLink: boolean;
}

/** Children as a tree has them: which, under which identifiers, in the order of their records. */
export function arrange<Child extends NamedEntry>(children: readonly Child[], naming: Naming): { child: Child; identifier: string }[] {
  const kept = naming.showsLinks ? children : children.filter(({ isLink }) => !isLink);
  const identifiers = naming.map(kept);
  const keyed = kept.map((child, at) => ({ child, identifier: identifiers[at]!, key: naming.show(identifiers[at]!) }));
  return keyed.sort((a, b) => compare(a.key, b.key));
}

/** In memory afterwards: a name and a number for each entry. */
export function planNames(index: TreeIndex, naming: Naming): TreeNames {
  const identifiers = Array.from({ length: index.count }, () => '');
  const order = new Uint32Array(index.count);
  const counts = new Uint32Array(index.count);
  for (let folder = 0; folder < index.count; folder++) {
    if (!index.isFolder(folder)) continue;
    const first = index.get(folder, Column.first);
    const arranged = arrange(childrenOf(index, folder), naming);
    for (const [at, { child, identifier }] of arranged.entries()) {
      identifiers[child.entry] = identifier;
      order[first + at] = child.entry;
    }
    counts[folder] = arranged.length;
  }
  return {
    children(folder) {
      const first = index.get(folder, Column.first);
      return order.subarray(first, first + counts[folder]!);
    },
    identifier: (entry) => naming.encode(identifiers[entry]!),
    shown: (entry) => naming.show(identifiers[entry]!),
  };
}

function childrenOf(index: TreeIndex, folder: number): (NamedEntry & { entry: number })[] {
  const first = index.get(folder, Column.first);
  return Array.from({ length: index.get(folder, Column.count) }, (_, at) => {
    const entry = first + at;
    const kind = index.get(entry, Column.kind);
    return { entry, name: index.names[entry]!, isFolder: kind === Kind.folder, isLink: kind === Kind.symlink };
  });
}

/** Loops: this runs for every name several times. */
function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

export function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    bytes[2 * at] = unit >> 8;
    bytes[2 * at + 1] = unit;
  }
  return bytes;
}
