/**
 * A strict reader for DER, the one encoding of ASN.1 that signatures are made over. Source: ITU-T X.690 (2021) sections 8, 10, 11.
 *
 * A document is read whole and every rule that does not need a schema is enforced at once, on every node: definite minimal lengths
 * (8.1.3, 10.1), primitive strings (10.2), canonical BOOLEAN (11.1), BIT STRING padding (11.2), minimal INTEGER (8.3.2) and OBJECT
 * IDENTIFIER (8.19.2), times (11.7, 11.8), the order of SET OF (11.6), characters of each string type, nothing after the end.
 * What a schema decides is asked of an element by type (`integer`, `oid`, `time`, …). Elements keep the original bytes: nothing that
 * is hashed or compared is ever encoded again.
 * Left out on purpose: tags above 30, application and private classes, REAL, EXTERNAL, and other types that no certificate needs.
 */
import { DisksealError } from '../core/errors.ts';
import {
  asciiText,
  generalizedTime,
  isCanonicalOid,
  isMinimalInteger,
  isUtf8,
  oidText,
  signedInteger,
  utcTime,
  wideText,
} from './der-content.ts';

/** Identifier octets, the constructed bit included. Context-specific ones come from `context`. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[number]`: `primitive` for IMPLICIT over a primitive type, else constructed. */
export function context(number: number, form: 'primitive' | 'constructed' = 'constructed'): number {
  return 0x80 | (form === 'constructed' ? 0x20 : 0) | number;
}

// Nested input comes from strangers and must not exhaust the stack. Real certificates and messages stay below 20; each renewal of a
// timestamp adds 8.
const MAX_DEPTH = 48;

/** One tag-length-value, as it stands in its document. */
export class DerElement {
  readonly document: Uint8Array;
  /** Where the document begins in whatever holds it: added to the offsets of errors. */
  readonly base: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  readonly depth: number;
  /** Empty for a primitive element. */
  readonly children: readonly DerElement[];

  constructor(place: Place, contentStart: number, end: number, children: readonly DerElement[]) {
    this.document = place.document;
    this.base = place.base;
    this.start = place.start;
    this.depth = place.depth;
    this.contentStart = contentStart;
    this.end = end;
    this.children = children;
  }

  /** The identifier octet. */
  get tag(): number {
    return this.document[this.start]!;
  }

  /** Offset of the first byte, for errors. */
  get offset(): number {
    return this.base + this.start;
  }

  /** Tag, length and content: a view of the original bytes. */
  get bytes(): Uint8Array {
    return this.document.subarray(this.start, this.end);
  }

  /** The content octets alone: a view of the original bytes. */
  get content(): Uint8Array {
    return this.document.subarray(this.contentStart, this.end);
  }

  fail(message: string, field: string): DisksealError {
    return new DisksealError('E_DER', `${field}: ${message}`, { offset: this.offset, field });
  }

  /** @throws DisksealError `E_DER` when this is another type */
  expect(tag: number, field: string): this {
    if (this.tag !== tag) throw this.fail(`expected ${describeTag(tag)}, found ${describeTag(this.tag)}`, field);
    return this;
  }

  /** The members of a constructed element, to be taken in the order of its ASN.1 type. */
  fields(field: string, tag: number = TAG.sequence): DerFields {
    return new DerFields(this.expect(tag, field), field);
  }

  /** The elements of a SEQUENCE OF (or, with `TAG.set`, a SET OF): `minimum` at least, `maximum` at most. */
  list(field: string, bounds: { tag?: number; minimum?: 0 | 1; maximum?: number } = {}): readonly DerElement[] {
    const { length } = this.expect(bounds.tag ?? TAG.sequence, field).children;
    const minimum = bounds.minimum ?? 1;
    const maximum = bounds.maximum ?? 1024;
    if (length < minimum) throw this.fail(`must have at least ${minimum} element, has ${length}`, field);
    if (length > maximum) throw this.fail(`has ${length} elements, more than ${maximum}`, field);
    return this.children;
  }

  /** The only child of an EXPLICIT tag. */
  only(field: string): DerElement {
    if (this.children.length !== 1) throw this.fail(`must hold exactly one element, holds ${this.children.length}`, field);
    return this.children[0]!;
  }

  /** DER inside a primitive element's content, such as an extension's value: one document, nothing after it. */
  nested(field: string, skip = 0): DerElement {
    const place = { document: this.document, base: this.base, start: this.contentStart + skip, depth: this.depth + 1 };
    return readWhole(place, this.end, field);
  }

  /**
   * Refuses a SET OF that is not in ascending order of its encodings (X.690 11.6). A universal SET was checked when it was read;
   * this is for one behind an IMPLICIT tag.
   */
  requireSorted(field: string): this {
    checkSetOrder(this.children, field);
    return this;
  }

  boolean(field: string): boolean {
    return this.expect(TAG.boolean, field).content[0] === 0xff;
  }

  integer(field: string): bigint {
    return signedInteger(this.expect(TAG.integer, field).content);
  }

  /** A non-negative INTEGER of at most `maximum`. */
  smallInteger(field: string, maximum: number): number {
    // Before the number is made: writing a huge one down in decimal takes seconds and fills the screen.
    if (this.expect(TAG.integer, field).content.length > 8)
      throw this.fail(`must be 0 to ${maximum}, is a number of ${this.content.length} octets`, field);
    const value = this.integer(field);
    if (value < 0n || value > BigInt(maximum)) throw this.fail(`must be 0 to ${maximum}, is ${value}`, field);
    return Number(value);
  }

  /** Dotted decimals. Equal text means equal bytes: the encoding is minimal and the arcs are exact. */
  oid(field: string): string {
    return oidText(this.expect(TAG.oid, field).content);
  }

  octetString(field: string): Uint8Array {
    return this.expect(TAG.octetString, field).content;
  }

  /** A BIT STRING that holds whole octets, as keys and signatures do. */
  bitStringOctets(field: string): Uint8Array {
    const { content } = this.expect(TAG.bitString, field);
    if (content[0] !== 0) throw this.fail('must be whole octets', field);
    return content.subarray(1);
  }

  /** A BIT STRING with a NamedBitList: the numbers of the bits set. X.690 11.2.2: no trailing zero bits. */
  namedBits(field: string, tag: number = TAG.bitString): number[] {
    const { content } = this.expect(tag, field);
    const unused = this.tag === TAG.bitString ? content[0]! : checkBitString(this);
    const bits: number[] = [];
    for (let bit = 0; bit < (content.length - 1) * 8 - unused; bit++) {
      if (content[1 + (bit >> 3)]! & (0x80 >> (bit & 7))) bits.push(bit);
    }
    const last = (content.length - 1) * 8 - unused - 1;
    if (last >= 0 && bits.at(-1) !== last) throw this.fail('a list of named bits must not end in zero bits', field);
    return bits;
  }

  /** UTCTime or GeneralizedTime as Unix seconds; fractions only in a GeneralizedTime. */
  time(field: string): number {
    if (this.tag === TAG.utcTime) return utcTime(this.content)!; // its form was checked when it was read
    return generalizedTime(this.expect(TAG.generalizedTime, field).content)!;
  }

  null(field: string): void {
    this.expect(TAG.null, field);
  }

  /** A character string of any type this reader knows. TeletexString is none of them: nobody agrees on its characters. */
  text(field: string): string {
    const { content } = this;
    switch (this.tag) {
      case TAG.utf8String:
        return new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
      case TAG.bmpString:
      case TAG.universalString:
        return wideText(content, this.tag === TAG.bmpString ? 2 : 4)!; // checked when it was read
      case TAG.printableString:
      case TAG.ia5String:
      case TAG.numericString:
      case TAG.visibleString:
        return asciiText(content);
      default:
        throw this.fail(`expected a character string, found ${describeTag(this.tag)}`, field);
    }
  }
}

/** The members of one constructed element, front to back. */
export class DerFields {
  readonly element: DerElement;
  readonly #name: string;
  #index = 0;

  constructor(element: DerElement, name: string) {
    this.element = element;
    this.#name = name;
  }

  /** The next member, which must have this tag. */
  next(tag: number, field: string): DerElement {
    return this.any(field).expect(tag, `${this.#name}.${field}`);
  }

  /** The next member if it has this tag: OPTIONAL and DEFAULT. */
  optional(tag: number): DerElement | undefined {
    return this.element.children[this.#index]?.tag === tag ? this.element.children[this.#index++] : undefined;
  }

  /** The next member whatever it is: CHOICE and ANY. */
  any(field: string): DerElement {
    const found = this.element.children[this.#index++];
    if (!found) throw this.element.fail('is missing', `${this.#name}.${field}`);
    return found;
  }

  more(): boolean {
    return this.#index < this.element.children.length;
  }

  /** @throws DisksealError `E_DER` when members are left over: the types are closed here, extension markers or not */
  end(): void {
    const extra = this.element.children[this.#index];
    if (extra) throw extra.fail(`${describeTag(extra.tag)} that does not belong here`, this.#name);
  }
}

/**
 * Reads one DER document.
 * @param bytes - exactly the document
 * @param field - what it is, for errors
 * @param base - where it begins in what holds it, for the offsets of errors
 * @throws DisksealError `E_DER` with the absolute offset of the first fault
 */
export function readDer(bytes: Uint8Array, field: string, base = 0): DerElement {
  return readWhole({ document: bytes, base, start: 0, depth: 0 }, bytes.length, field);
}

/** Where an element lies, when its content is not wanted as objects. */
export interface DerHeader {
  readonly tag: number;
  readonly contentStart: number;
  readonly end: number;
}

/**
 * The tag and length of one element, its content unread: for lists of so many elements that they are not all to become objects.
 * The offsets are those of `document`.
 * @param limit - where the content of what holds it ends
 */
export function readHeader(document: Uint8Array, start: number, limit: number, field: string, base = 0): DerHeader {
  const place = { document, base, start, depth: 0 };
  if (start >= limit) throw failAt(place, start, 'ends before its tag', field);
  const tag = document[start]!;
  checkTag(place, tag, field);
  const { length, contentStart } = readLength(place, limit, field);
  return { tag, contentStart, end: contentStart + length };
}

interface Place {
  readonly document: Uint8Array;
  readonly base: number;
  readonly start: number;
  readonly depth: number;
}

function readWhole(place: Place, limit: number, field: string): DerElement {
  const element = readElement(place, limit, field);
  if (element.end !== limit) throw failAt(place, element.end, `${limit - element.end} bytes after the end`, field);
  return element;
}

function readElement(place: Place, limit: number, field: string): DerElement {
  const { document, start, depth } = place;
  if (depth >= MAX_DEPTH) throw failAt(place, start, `nested more than ${MAX_DEPTH} deep`, field);
  if (start >= limit) throw failAt(place, start, 'ends before its tag', field);
  const tag = document[start]!;
  checkTag(place, tag, field);
  const { length, contentStart } = readLength(place, limit, field);
  const end = contentStart + length;
  const children = tag & 0x20 ? readChildren(place, contentStart, end, field) : [];
  const element = new DerElement(place, contentStart, end, children);
  checkUniversal(element, field);
  return element;
}

function readChildren(place: Place, from: number, to: number, field: string): DerElement[] {
  const children: DerElement[] = [];
  for (let at = from; at < to; at = children.at(-1)!.end) {
    children.push(readElement({ document: place.document, base: place.base, start: at, depth: place.depth + 1 }, to, field));
  }
  return children;
}

const PRIMITIVE_TYPES: ReadonlySet<number> = new Set(Object.values(TAG).filter((tag) => !(tag & 0x20)));

function checkTag(place: Place, tag: number, field: string): void {
  if ((tag & 0x1f) === 0x1f) throw failAt(place, place.start, 'a tag number above 30', field);
  const tagClass = tag >> 6;
  if (tagClass === 2) return;
  if (tagClass !== 0) throw failAt(place, place.start, `an ${tagClass === 1 ? 'application' : 'private'} tag`, field);
  if (tag === TAG.sequence || tag === TAG.set || PRIMITIVE_TYPES.has(tag)) return;
  const constructed = tag & 0x20 && PRIMITIVE_TYPES.has(tag & 0x1f);
  const primitive = tag === 0x10 || tag === 0x11;
  const reason = constructed ? 'must be primitive' : primitive ? 'must be constructed' : 'a type that is not expected here';
  throw failAt(place, place.start, `${describeTag(tag)}: ${reason}`, field);
}

/** X.690 10.1: definite, in the fewest octets. Four octets are enough for any document in memory. */
function readLength(place: Place, limit: number, field: string): { length: number; contentStart: number } {
  const { document, start } = place;
  if (start + 1 >= limit) throw failAt(place, start, 'ends before its length', field);
  const first = document[start + 1]!;
  if (first < 0x80) return boundedLength(place, first, start + 2, limit, field);
  if (first === 0x80) throw failAt(place, start, 'indefinite length', field);
  const octets = first & 0x7f;
  if (octets > 4) throw failAt(place, start, `a length in ${octets} octets`, field);
  if (start + 2 + octets > limit) throw failAt(place, start, 'ends inside its length', field);
  let length = 0;
  for (let index = 0; index < octets; index++) length = length * 256 + document[start + 2 + index]!;
  if (length < 0x80 || length < 256 ** (octets - 1)) throw failAt(place, start, 'a length in more octets than it needs', field);
  return boundedLength(place, length, start + 2 + octets, limit, field);
}

function boundedLength(place: Place, length: number, contentStart: number, limit: number, field: string) {
  if (length > limit - contentStart) {
    throw failAt(place, place.start, `claims ${length} bytes where ${limit - contentStart} are left`, field);
  }
  return { length, contentStart };
}

/** What is wrong with the content of each universal type; nothing when it is canonical. */
function checkUniversal(element: DerElement, field: string): void {
  const { tag, content } = element;
  if (tag === TAG.set) checkSetOrder(element.children, field);
  if (tag === TAG.bitString) checkBitString(element, field);
  const check = CONTENT_CHECKS[tag];
  if (check && !check(content)) throw element.fail(`not a canonical ${describeTag(tag)}`, field);
}

const CONTENT_CHECKS: Readonly<Record<number, (content: Uint8Array) => boolean>> = {
  [TAG.boolean]: (content) => content.length === 1 && (content[0] === 0 || content[0] === 0xff),
  [TAG.integer]: isMinimalInteger,
  [TAG.enumerated]: isMinimalInteger,
  [TAG.null]: (content) => content.length === 0,
  [TAG.oid]: isCanonicalOid,
  [TAG.utf8String]: isUtf8,
  [TAG.numericString]: (content) => /^[0-9 ]*$/.test(asciiText(content)),
  [TAG.printableString]: (content) => /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(asciiText(content)),
  [TAG.ia5String]: (content) => content.every((octet) => octet < 0x80),
  [TAG.visibleString]: (content) => content.every((octet) => octet >= 0x20 && octet < 0x7f),
  [TAG.bmpString]: (content) => wideText(content, 2) !== undefined,
  [TAG.universalString]: (content) => wideText(content, 4) !== undefined,
  [TAG.utcTime]: (content) => utcTime(content) !== undefined,
  [TAG.generalizedTime]: (content) => generalizedTime(content) !== undefined,
};

/** X.690 8.6 and 11.2.1: the unused bits are fewer than 8 and zero. @returns how many there are */
function checkBitString(element: DerElement, field = 'BIT STRING'): number {
  const { content } = element;
  const unused = content[0] ?? 8;
  const tooMany = unused > 7 || (content.length === 1 && unused > 0);
  if (tooMany || (content.length > 1 && content.at(-1)! & ((1 << unused) - 1))) throw element.fail('not a canonical BIT STRING', field);
  return unused;
}

function checkSetOrder(elements: readonly DerElement[], field: string): void {
  for (let index = 1; index < elements.length; index++) {
    if (compareBytes(elements[index - 1]!.bytes, elements[index]!.bytes) > 0) {
      throw elements[index]!.fail('the elements of a SET OF must ascend', field);
    }
  }
}

/** Octet strings in X.690 11.6 order: a proper prefix is smaller, which equals padding the shorter with zeros for two DER encodings. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = left[index]! - right[index]!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return compareBytes(left, right) === 0;
}

const TYPE_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(TAG).map(([name, tag]) => [
    tag,
    name.replace(/^[a-z]+/, (word) => word.toUpperCase()).replace(/([a-z]|[A-Z](?=[A-Z][a-z]))(?=[A-Z])/g, '$1 '),
  ]),
);

function describeTag(tag: number): string {
  if (tag >> 6 === 2) return `[${tag & 0x1f}]${tag & 0x20 ? '' : ' primitive'}`;
  return TYPE_NAMES[tag] ?? `tag 0x${tag.toString(16).padStart(2, '0')}`;
}

function failAt(place: Place, at: number, message: string, field: string): DisksealError {
  return new DisksealError('E_DER', `${field}: ${message}`, { offset: place.base + at, field });
}
