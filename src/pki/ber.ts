/**
 * BER made DER, for what others send to those who sign: PKCS#12 files (Keychain leaves the attributes of a key unsorted, NSS and Windows
 * of old wrote indefinite lengths and octet strings in pieces) and the answers of timestamp authorities. A verifier takes nothing that
 * came through here. Source: ITU-T X.690 (2021) sections 8 and 10.
 * What is rewritten: lengths, pieces of OCTET STRINGs, the order of SETs, the value of TRUE. What else DER refuses stays as it is.
 */
import { DisksealError } from '../core/errors.ts';
import { compareBytes, TAG } from './der.ts';
import { element } from './der-write.ts';

// As in the strict reader: nested input must not exhaust the stack.
const MAX_DEPTH = 32;
const CONSTRUCTED = 0x20;

/** @throws DisksealError `E_DER` when the bytes are no BER either, or more than one element */
export function derFromBer(bytes: Uint8Array, field: string): Uint8Array {
  const { der, end } = convert(bytes, 0, bytes.length, field, MAX_DEPTH);
  if (end !== bytes.length) throw fault(`${bytes.length - end} bytes after the end`, end, field);
  return der;
}

interface Converted {
  readonly der: Uint8Array;
  /** Where the next element begins. */
  readonly end: number;
}

function convert(bytes: Uint8Array, start: number, limit: number, field: string, depth: number): Converted {
  if (depth === 0) throw fault(`nested more than ${MAX_DEPTH} deep`, start, field);
  if (start + 2 > limit) throw fault('ends before its length', start, field);
  const tag = bytes[start]!;
  if ((tag & 0x1f) === 0x1f) throw fault('a tag number above 30', start, field);
  const { contentStart, length } = readLength(bytes, start, limit, field);
  if (!(tag & CONSTRUCTED)) {
    if (length === undefined) throw fault('an indefinite length of something primitive', start, field);
    const content = bytes.subarray(contentStart, contentStart + length);
    return {
      der: element(tag, tag === TAG.boolean && length === 1 && content[0] !== 0 ? Uint8Array.of(0xff) : content),
      end: contentStart + length,
    };
  }
  const { children, end } = convertChildren(bytes, contentStart, length, limit, field, depth);
  return { der: assemble(tag, children, start, field), end };
}

function convertChildren(bytes: Uint8Array, start: number, length: number | undefined, limit: number, field: string, depth: number) {
  const children: Uint8Array[] = [];
  const end = length === undefined ? limit : start + length;
  let at = start;
  while (at < end) {
    // 8.1.5: end-of-contents is two zero octets.
    if (length === undefined && bytes[at] === 0 && bytes[at + 1] === 0 && at + 2 <= end) return { children, end: at + 2 };
    const child = convert(bytes, at, end, field, depth - 1);
    children.push(child.der);
    at = child.end;
  }
  if (length === undefined) throw fault('an indefinite length without its end', start, field);
  return { children, end };
}

function assemble(tag: number, children: Uint8Array[], start: number, field: string): Uint8Array {
  if (tag === TAG.set) return element(tag, ...children.sort(compareBytes));
  if (tag !== (TAG.octetString | CONSTRUCTED)) return element(tag, ...children);
  return element(TAG.octetString, ...children.map((child) => octets(child, start, field)));
}

/** The content of an OCTET STRING that was just converted. */
function octets(der: Uint8Array, start: number, field: string): Uint8Array {
  if (der[0] !== TAG.octetString) throw fault('an OCTET STRING with a piece that is none', start, field);
  return der.subarray(der[1]! < 0x80 ? 2 : 2 + (der[1]! & 0x7f));
}

/** Undefined: indefinite (8.1.3.6). */
function readLength(bytes: Uint8Array, start: number, limit: number, field: string): { contentStart: number; length: number | undefined } {
  const first = bytes[start + 1]!;
  if (first === 0x80) return { contentStart: start + 2, length: undefined };
  const count = first < 0x80 ? 0 : first & 0x7f;
  const contentStart = start + 2 + count;
  if (count > 8 || contentStart > limit) throw fault('ends inside its length', start, field);
  let length = count === 0 ? first : 0;
  for (let index = 0; index < count; index++) length = length * 256 + bytes[start + 2 + index]!;
  if (length > limit - contentStart) throw fault(`claims ${length} bytes where ${limit - contentStart} are left`, start, field);
  return { contentStart, length };
}

function fault(message: string, offset: number, field: string): DisksealError {
  return new DisksealError('E_DER', `${field}: ${message}`, { offset, field });
}
