/**
 * The records of a .DS_Store: what the Finder remembers about a folder's window and the items in it. Apple documents nothing of it;
 * the source is files that the Finder wrote, and the public findings about them (see docs/finder.md).
 */
import { DisksealError } from '../../../core/errors.ts';

export type RecordValue =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'long' | 'shor'; readonly value: number }
  | { readonly type: 'blob'; readonly value: Uint8Array }
  | { readonly type: 'ustr'; readonly value: string }
  /** Four characters. */
  | { readonly type: 'type'; readonly value: string }
  /** 64 bits: `comp` a number, `dutc` a date in 1/65536 seconds since 1904. */
  | { readonly type: 'comp' | 'dutc'; readonly value: bigint };

export interface StoreRecord {
  /** Of the item in the folder; `.` is the folder itself. */
  readonly name: string;
  /** Four characters that say what is remembered, as in `Iloc`. */
  readonly code: string;
  readonly data: RecordValue;
}

export function encodeRecord({ name, code, data }: StoreRecord): Uint8Array {
  const value = encodeValue(data);
  const bytes = new Uint8Array(4 + 2 * name.length + 8 + value.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, name.length);
  for (let index = 0; index < name.length; index++) view.setUint16(4 + 2 * index, name.charCodeAt(index));
  const at = 4 + 2 * name.length;
  bytes.set(fourCharacters(code), at);
  bytes.set(fourCharacters(data.type), at + 4);
  bytes.set(value, at + 8);
  return bytes;
}

function encodeValue(data: RecordValue): Uint8Array {
  switch (data.type) {
    case 'bool':
      return Uint8Array.of(data.value ? 1 : 0);
    case 'long':
    case 'shor':
      return word(data.value);
    case 'blob':
      return Uint8Array.of(...word(data.value.length), ...data.value);
    case 'ustr': {
      const units = Array.from({ length: data.value.length }, (_, index) => data.value.charCodeAt(index));
      return Uint8Array.of(...word(units.length), ...units.flatMap((unit) => [unit >> 8, unit & 0xff]));
    }
    case 'type':
      return fourCharacters(data.value);
    default: {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, data.value));
      return bytes;
    }
  }
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function fourCharacters(text: string): Uint8Array {
  if (!/^[\u0000-\u00ff]{4}$/.test(text)) throw new DisksealError('E_DS_STORE', `"${text}" is no code of four characters`);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Reads records one after the other from a node. @throws DisksealError `E_DS_STORE` when something leaves the bytes that there are */
export class RecordReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #offset: number;
  #at = 0;

  /** @param offset - where the bytes begin in the file, for errors */
  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#offset = offset;
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  record(): StoreRecord {
    const name = this.#utf16();
    return { name, code: this.#characters(), data: this.#value(this.#characters()) };
  }

  #value(type: string): RecordValue {
    switch (type) {
      case 'bool':
        return { type, value: this.#view.getUint8(this.#take(1)) !== 0 };
      case 'long':
      case 'shor':
        return { type, value: this.uint32() };
      case 'blob': {
        const length = this.uint32();
        const at = this.#take(length);
        return { type, value: this.#bytes.slice(at, at + length) };
      }
      case 'ustr':
        return { type, value: this.#utf16() };
      case 'type':
        return { type, value: this.#characters() };
      case 'comp':
      case 'dutc':
        return { type, value: this.#view.getBigUint64(this.#take(8)) };
      default:
        throw malformed(`a record has a value of the unknown type ${JSON.stringify(type)}`, this.#offset + this.#at);
    }
  }

  #utf16(): string {
    const length = this.uint32();
    const at = this.#take(2 * length);
    let text = '';
    for (let index = 0; index < length; index++) text += String.fromCharCode(this.#view.getUint16(at + 2 * index));
    return text;
  }

  #characters(): string {
    const at = this.#take(4);
    return String.fromCharCode(...this.#bytes.subarray(at, at + 4));
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw malformed(`a record of ${length} bytes leaves its block`, this.#offset + at);
    this.#at += length;
    return at;
  }
}

export function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_DS_STORE', `the .DS_Store is malformed: ${message}`, { offset });
}
