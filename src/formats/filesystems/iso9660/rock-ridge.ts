/**
 * Rock Ridge: what POSIX knows of a file, from a record's system use entries. Source: RRIP 1.12 (IEEE P1282) section 4; Apple's
 * "AA" and zisofs' "ZF" stand among them. Unknown entries are passed over, as SUSP 4.1 wants.
 */
import type { Times } from '../../../core/file-tree.ts';
import { descriptorDate, recordedDate } from './field-types.ts';
import { malformed, unsupported } from './malformed.ts';
import { posixText } from './names.ts';
import { AA, CL, ER, LONG_FORM, NameFlag, NM, PX, PXSerial, SF, SL, SP, SP_CHECK, TF, ZF } from './structs.ts';
import type { SystemUse } from './system-use.ts';

export interface RockRidge {
  name?: string;
  /** st_mode, the type included. */
  mode?: number;
  links?: number;
  uid?: number;
  gid?: number;
  serial?: number;
  times?: Partial<Times>;
  target?: string;
  /** Block of the directory that is listed here and lies elsewhere. */
  childLocation?: number;
  /** It is listed elsewhere. */
  isRelocated?: boolean;
  /** Bytes of a file that is stored compressed or with holes. */
  otherForm?: { readonly what: string; readonly size: number };
  /** 32 bytes. */
  finderInfo?: Uint8Array;
}

const EXTENSIONS = ['RRIP_1991A', 'IEEE_P1282', 'IEEE_1282'];

/** @param entries - of the root's first record @returns bytes to skip in all other areas; undefined without Rock Ridge */
export function rockRidgeSkip(entries: readonly SystemUse[]): number | undefined {
  const [first] = entries;
  if (first?.signature !== 'SP' || first.bytes.length < SP.size) return undefined;
  const { check, skipped } = SP.read(first.bytes, 0, first.offset);
  const isRockRidge = entries.some((entry) => ['PX', 'NM', 'RR', 'TF'].includes(entry.signature) || isExtension(entry));
  return check === SP_CHECK && isRockRidge ? skipped : undefined;
}

function isExtension({ signature, bytes, offset }: SystemUse): boolean {
  if (signature !== 'ER') return false;
  const { identifierLength } = ER.read(bytes, 0, offset);
  return EXTENSIONS.includes(String.fromCharCode(...bytes.subarray(ER.size, ER.size + identifierLength)));
}

/** @throws DisksealError `E_ISO9660` for entries that contradict each other, `E_UNSUPPORTED` */
export function rockRidge(entries: readonly SystemUse[]): RockRidge {
  const found: RockRidge = {};
  const name = new Joined('NM');
  const target = new Target();
  const seen = new Set<string>();
  for (const entry of entries) {
    if (ONCE.has(entry.signature)) {
      // Readers differ in which of two they take.
      if (seen.has(entry.signature)) throw malformed(`two ${entry.signature} entries for one file`, entry.offset, entry.signature);
      seen.add(entry.signature);
    }
    if (entry.signature === 'NM') addName(name, entry);
    else if (entry.signature === 'SL') target.add(entry);
    else READERS[entry.signature]?.(entry, found);
  }
  const text = name.finish();
  if (text !== undefined) found.name = text;
  const path = target.finish();
  if (path !== undefined) found.target = path;
  return found;
}

const ONCE = new Set(['PX', 'PN', 'CL', 'PL', 'RE', 'ZF', 'SF', 'AA']);

const READERS: Readonly<Record<string, (entry: SystemUse, found: RockRidge) => void>> = {
  PX({ bytes, offset }, found) {
    Object.assign(found, pick(PX.read(bytes, 0, offset)));
    if (bytes.length >= PXSerial.size) found.serial = PXSerial.read(bytes, 0, offset).serial;
  },
  TF(entry, found) {
    found.times = { ...found.times, ...times(entry) };
  },
  CL({ bytes, offset }, found) {
    found.childLocation = CL.read(bytes, 0, offset).location;
  },
  RE(_, found) {
    found.isRelocated = true;
  },
  ZF({ bytes, offset }, found) {
    // Anything else is a form of compression that nobody ever saw: Linux shows the bytes as they are.
    const { algorithm, uncompressedSize } = ZF.read(bytes, 0, offset);
    if (algorithm === 'pz') found.otherForm = { what: 'compressed (zisofs)', size: uncompressedSize };
  },
  SF({ bytes, offset }, found) {
    const { sizeHigh, sizeLow } = SF.read(bytes, 0, offset);
    const size = sizeHigh * 2 ** 32 + sizeLow;
    if (!Number.isSafeInteger(size)) throw malformed(`a sparse file of ${size} bytes`, offset, 'SF.sizeHigh');
    found.otherForm = { what: 'sparse', size };
  },
  AA({ bytes, offset }, found) {
    if (bytes.length !== AA.size || bytes[3] !== 2) return;
    const { fileType, creator, finderFlags } = AA.read(bytes, 0, offset);
    const info = new Uint8Array(32);
    info.set(fileType, 0);
    info.set(creator, 4);
    info.set([finderFlags >> 8, finderFlags & 255], 8);
    if (info.some((byte) => byte !== 0)) found.finderInfo = info;
  },
};

function pick({ mode, links, uid, gid }: { mode: number; links: number; uid: number; gid: number }): RockRidge {
  return { mode, links, uid, gid };
}

const DATES = ['created', 'modified', 'accessed', 'changed', 'backedUp'] as const;

function times({ bytes, offset }: SystemUse): Partial<Times> {
  const { flags } = TF.read(bytes, 0, offset);
  const type = flags & LONG_FORM ? descriptorDate : recordedDate;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Partial<Record<(typeof DATES)[number], number>> = {};
  let at: number = TF.size;
  for (const [bit, name] of DATES.entries()) {
    if ((flags & (1 << bit)) === 0) continue;
    if (at + type.size > bytes.length) throw malformed(`the dates of an entry leave its ${bytes.length} bytes`, offset, 'TF.flags');
    const date = type.read(view, at);
    if (date !== undefined) found[name] = date;
    at += type.size;
  }
  return found;
}

/** A text in pieces, each of which says whether another follows. */
class Joined {
  readonly #signature: string;
  readonly #pieces: Uint8Array[] = [];
  #isOpen: boolean | undefined;
  #offset = 0;

  constructor(signature: string) {
    this.#signature = signature;
  }

  add(piece: Uint8Array, continues: boolean, offset: number): void {
    if (this.#isOpen === false) throw malformed('a text goes on after its end', offset, this.#signature);
    this.#pieces.push(piece);
    this.#isOpen = continues;
    this.#offset = offset;
  }

  finish(): string | undefined {
    if (this.#isOpen) throw malformed('a text says that it goes on and does not', this.#offset, this.#signature);
    return this.#isOpen === undefined ? undefined : posixText(joinBytes(this.#pieces));
  }
}

function addName(name: Joined, { bytes, offset }: SystemUse): void {
  const { flags } = NM.read(bytes, 0, offset);
  const kind = flags & ~NameFlag.continues;
  const given = bytes.subarray(NM.size);
  const piece = kind === 0 ? given : SPECIAL.get(kind);
  if (!piece || (kind !== 0 && given.length > 0)) {
    throw unsupported(`a name with the flags 0x${flags.toString(16)}`, offset + 4, 'NM.flags');
  }
  name.add(piece, (flags & NameFlag.continues) !== 0, offset);
}

const SLASH = Uint8Array.of(0x2f);
const COMPONENT_HEAD = 2;

/** The components of SL entries, joined to a path. */
class Target {
  readonly #pieces: Uint8Array[] = [];
  #isOpen: boolean | undefined;
  /** The next component is the rest of the last one, or follows the root, which is a slash itself. */
  #needsSlash = false;
  #isInComponent = false;
  #offset = 0;

  add({ bytes, offset }: SystemUse): void {
    if (this.#isOpen === false) throw malformed('a target goes on after its end', offset, 'SL');
    const { flags } = SL.read(bytes, 0, offset);
    this.#isOpen = (flags & 1) !== 0;
    this.#offset = offset;
    for (let at: number = SL.size; at < bytes.length; ) {
      const length = bytes[at + 1];
      if (length === undefined || at + COMPONENT_HEAD + length > bytes.length) {
        throw malformed('a component leaves its entry', offset + at, 'SL');
      }
      this.#component(bytes[at]!, bytes.subarray(at + COMPONENT_HEAD, at + COMPONENT_HEAD + length), offset + at);
      at += COMPONENT_HEAD + length;
    }
  }

  #component(flags: number, given: Uint8Array, offset: number): void {
    const kind = flags & ~NameFlag.continues;
    const piece = kind === 0 ? given : SPECIAL.get(kind);
    if (!piece || (kind !== 0 && (given.length > 0 || this.#isInComponent))) {
      throw unsupported(`a component of a symbolic link with the flags 0x${flags.toString(16)}`, offset, 'SL');
    }
    if (this.#needsSlash && !this.#isInComponent) this.#pieces.push(SLASH);
    this.#pieces.push(piece);
    this.#isInComponent = (flags & NameFlag.continues) !== 0;
    this.#needsSlash = kind !== NameFlag.root;
  }

  finish(): string | undefined {
    if (this.#isOpen === undefined) return undefined;
    const path = posixText(joinBytes(this.#pieces));
    if (this.#isOpen || this.#isInComponent) throw malformed('a target says that it goes on and does not', this.#offset, 'SL');
    if (path === '' || path.includes('\0')) throw malformed(`${JSON.stringify(path)} is no target`, this.#offset, 'SL');
    return path;
  }
}

const SPECIAL = new Map<number, Uint8Array>([
  [NameFlag.current, Uint8Array.of(0x2e)],
  [NameFlag.parent, Uint8Array.of(0x2e, 0x2e)],
  [NameFlag.root, SLASH],
]);

function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
