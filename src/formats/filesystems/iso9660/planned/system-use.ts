/**
 * The system use entries of a planned record, and how they are divided when a record is full. Sources: SUSP 1.12 section 5, RRIP 1.12
 * section 4. The name comes first: 7-Zip reads names in the record alone.
 */
import { assert } from '../../../../core/errors.ts';
import { recordedDate } from '../field-types.ts';
import { CE, ER, NameFlag, NM, PXSerial, SECTOR, SL, SP, SP_CHECK, TF } from '../structs.ts';
import { Column, Kind, type TreeIndex } from './tree-index.ts';

const VERSION = 1;
const LONGEST_ENTRY = 255;
const COMPONENT_HEAD = 2;
const encoder = new TextEncoder();

/** RRIP 1.12 section 4.3 gives these texts. */
const EXTENSION = [
  'IEEE_P1282',
  'THE IEEE P1282 PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS',
  'PLEASE CONTACT THE IEEE STANDARDS DEPARTMENT, PISCATAWAY, NJ, USA FOR THE P1282 SPECIFICATION',
].map((text) => encoder.encode(text));

/** Of a child's record: its name, what it is, and where a link leads. */
export function childEntries(index: TreeIndex, entry: number): Uint8Array[] {
  const target = index.targets.get(entry);
  return [
    ...nameEntries(index.names[entry]!),
    posix(index, entry),
    dates(index, entry),
    ...(target === undefined ? [] : linkEntries(target)),
  ];
}

/** Of "." or "..": what the folder is. The root's "." also says that there is Rock Ridge. */
export function folderEntries(index: TreeIndex, folder: number, isRootSelf: boolean): Uint8Array[] {
  const own = [posix(index, folder), dates(index, folder)];
  return isRootSelf ? [SP.write({ signature: 'SP', length: SP.size, version: VERSION, check: SP_CHECK }), ...own, extension()] : own;
}

/** Bytes of a child's entries, told without making them: nearly all records have room for theirs. */
export function childSize(index: TreeIndex, entry: number): number {
  const bytes = utf8Length(index.names[entry]!);
  const name = bytes + Math.ceil(bytes / (LONGEST_ENTRY - NM.size)) * NM.size;
  const target = index.targets.get(entry);
  return name + folderSize(index, entry) + (target === undefined ? 0 : sizeOf(linkEntries(target)));
}

/** Bytes of the entries of "." or "..", but for the root's ".". */
export function folderSize(index: TreeIndex, folder: number): number {
  let count = 0;
  for (const date of index.dates(folder)) if (!Number.isNaN(date)) count++;
  return PXSerial.size + TF.size + count * recordedDate.size;
}

function utf8Length(text: string): number {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return encoder.encode(text).length;
  return text.length;
}

function posix(index: TreeIndex, entry: number): Uint8Array {
  const mode = TYPE_BITS[index.get(entry, Column.kind)]! | index.get(entry, Column.mode);
  const [links, uid, gid] = [index.get(entry, Column.links), index.get(entry, Column.uid), index.get(entry, Column.gid)];
  const serial = index.get(entry, Column.same) + 1;
  return PXSerial.write({ signature: 'PX', length: PXSerial.size, version: VERSION, mode, links, uid, gid, serial });
}

const TYPE_BITS: Readonly<Record<number, number>> = { [Kind.folder]: 0o040000, [Kind.file]: 0o100000, [Kind.symlink]: 0o120000 };

function dates(index: TreeIndex, entry: number): Uint8Array {
  const all = index.dates(entry);
  let flags = 0;
  let count = 0;
  for (const [bit, date] of all.entries()) {
    if (Number.isNaN(date)) continue;
    flags |= 1 << bit;
    count++;
  }
  const bytes = new Uint8Array(TF.size + count * recordedDate.size);
  TF.write({ signature: 'TF', length: bytes.length, version: VERSION, flags }, bytes);
  const view = new DataView(bytes.buffer);
  let at: number = TF.size;
  for (const date of all) {
    if (Number.isNaN(date)) continue;
    recordedDate.write(view, at, date);
    at += recordedDate.size;
  }
  return bytes;
}

function nameEntries(name: string): Uint8Array[] {
  const bytes = encoder.encode(name);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += LONGEST_ENTRY - NM.size) {
    const piece = bytes.subarray(at, at + LONGEST_ENTRY - NM.size);
    const flags = at + piece.length < bytes.length ? NameFlag.continues : 0;
    pieces.push(withText(NM.write({ signature: 'NM', length: NM.size + piece.length, version: VERSION, flags }), piece));
  }
  return pieces;
}

function extension(): Uint8Array {
  const [identifier, descriptor, source] = EXTENSION as [Uint8Array, Uint8Array, Uint8Array];
  const lengths = { identifierLength: identifier.length, descriptorLength: descriptor.length, sourceLength: source.length };
  const length = ER.size + identifier.length + descriptor.length + source.length;
  return withText(ER.write({ signature: 'ER', length, version: VERSION, ...lengths, extensionVersion: 1 }), ...EXTENSION);
}

interface Component {
  readonly flags: number;
  readonly text: Uint8Array;
}

/** A target's components fill as many entries as they need; a component of more than one entry goes on in the next. */
function linkEntries(target: string): Uint8Array[] {
  const room = LONGEST_ENTRY - SL.size;
  const entries: Component[][] = [[]];
  let used = 0;
  for (const { flags, text } of componentsOf(target)) {
    let rest = text;
    do {
      // The head and one byte at least must fit, or a component would be cut to nothing.
      if (used + COMPONENT_HEAD + Math.min(1, rest.length) > room) {
        entries.push([]);
        used = 0;
      }
      const piece = rest.subarray(0, room - used - COMPONENT_HEAD);
      rest = rest.subarray(piece.length);
      entries.at(-1)!.push({ flags: rest.length > 0 ? flags | NameFlag.continues : flags, text: piece });
      used += COMPONENT_HEAD + piece.length;
    } while (rest.length > 0);
  }
  return entries.map((components, at) => linkEntry(components, at < entries.length - 1));
}

function componentsOf(target: string): Component[] {
  const isAbsolute = target.startsWith('/');
  const root = { flags: NameFlag.root, text: new Uint8Array(0) };
  const names = (isAbsolute ? target.slice(1) : target).split('/');
  if (isAbsolute && target.length === 1) return [root];
  const rest = names.map((name): Component => {
    if (name === '.') return { flags: NameFlag.current, text: new Uint8Array(0) };
    if (name === '..') return { flags: NameFlag.parent, text: new Uint8Array(0) };
    return { flags: 0, text: encoder.encode(name) };
  });
  return isAbsolute ? [root, ...rest] : rest;
}

function linkEntry(components: readonly Component[], continues: boolean): Uint8Array {
  const parts = components.map(({ flags, text }) => Uint8Array.of(flags, text.length, ...text));
  const length = parts.reduce((sum, part) => sum + part.length, SL.size);
  const head = SL.write({ signature: 'SL', length, version: VERSION, flags: continues ? NameFlag.continues : 0 });
  return withText(head, ...parts);
}

function withText(head: Uint8Array, ...texts: readonly Uint8Array[]): Uint8Array {
  return concatenate([head, ...texts]);
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Entries as they lie: in the record, and in areas elsewhere of at most a sector, each of which ends in a CE but the last. */
export interface Divided {
  readonly inRecord: readonly Uint8Array[];
  readonly areas: readonly (readonly Uint8Array[])[];
}

/** @param room - bytes that the record has */
export function divide(entries: readonly Uint8Array[], room: number): Divided {
  if (sizeOf(entries) <= room) return { inRecord: entries, areas: [] };
  const [inRecord, rest] = fill(entries, room - CE.size);
  const areas: Uint8Array[][] = [];
  for (let left = rest; left.length > 0; ) {
    const [area, after] = sizeOf(left) <= SECTOR ? [left, []] : fill(left, SECTOR - CE.size);
    assert(area.length > 0, 'an entry fits a sector');
    areas.push(area);
    left = after;
  }
  return { inRecord, areas };
}

/** Takes what fits, in order; of names and targets nothing that comes after a part that did not fit. */
function fill(entries: readonly Uint8Array[], room: number): [Uint8Array[], Uint8Array[]] {
  const taken: Uint8Array[] = [];
  const left: Uint8Array[] = [];
  const passed = new Set<number>();
  let used = 0;
  for (const entry of entries) {
    const signature = entry[0]! * 256 + entry[1]!;
    if (!passed.has(signature) && used + entry.length <= room) {
      taken.push(entry);
      used += entry.length;
    } else {
      left.push(entry);
      passed.add(signature);
    }
  }
  return [taken, left];
}

export function sizeOf(entries: readonly Uint8Array[]): number {
  return entries.reduce((sum, { length }) => sum + length, 0);
}

/** An area's bytes, and what leads to the next one. @param next - where it is, when there is one */
export function encodeArea(entries: readonly Uint8Array[], next: ContinuedAt | undefined): Uint8Array {
  if (!next) return concatenate(entries);
  const { block, offset, length: continuation } = next;
  return concatenate([...entries, CE.write({ signature: 'CE', length: CE.size, version: VERSION, block, offset, continuation })]);
}

export interface ContinuedAt {
  readonly block: number;
  readonly offset: number;
  readonly length: number;
}
