/**
 * The textual encoding of keys and certificates ("PEM"). Source: RFC 7468.
 * Text between the blocks is explanation and is skipped, as section 5.2 allows. Inside a block only base 64 counts; headers of the
 * older RFC 1421 form (`Proc-Type: 4,ENCRYPTED`) are kept, so that a reader of keys can say what they are.
 */
import { DisksealError } from '../core/errors.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';

export interface PemBlock {
  /** What stands after BEGIN, as `CERTIFICATE` or `EC PRIVATE KEY`. */
  readonly label: string;
  readonly bytes: Uint8Array;
  /** RFC 1421 headers by name; empty in anything RFC 7468 knows. */
  readonly headers: ReadonlyMap<string, string>;
  /** 1-based line of the BEGIN. */
  readonly line: number;
}

const BEGIN = /^-----BEGIN ([A-Z0-9]+(?:[ -][A-Z0-9]+)*)-----$/;
// Keys, chains and trust lists are small; a file of another kind given by mistake should not be read line by line.
const MAX_SIZE = 4 << 20;

/**
 * Every block of the text, in order; none is not an error.
 * @param limit - how many characters the text may have
 * @throws DisksealError `E_KEY` with the line when a block is not closed or not base 64
 */
export function readPem(source: string | Uint8Array, limit = MAX_SIZE): PemBlock[] {
  const text = typeof source === 'string' ? source : latin1(source);
  if (text.length > limit) throw new DisksealError('E_KEY', `${text.length} bytes are too many for a file of keys or certificates`);
  const lines = text.split(/\r\n|\n|\r/);
  const blocks: PemBlock[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!.trimEnd();
    if (!line.startsWith('-----BEGIN ')) continue;
    const label = BEGIN.exec(line)?.[1];
    if (!label) throw fault('a BEGIN line that cannot be read', index);
    const end = closingLine(lines, index, label);
    blocks.push(readBlock(lines, index, end, label));
    index = end;
  }
  return blocks;
}

/** Whether this looks like PEM at all, and not DER or something else. */
export function isPem(source: Uint8Array): boolean {
  return source.length <= MAX_SIZE && latin1(source).includes('-----BEGIN ');
}

export function writePem(label: string, bytes: Uint8Array): string {
  const body = encodeBase64(bytes).replaceAll(/.{64}(?=.)/g, '$&\n');
  return [`-----BEGIN ${label}-----`, body, `-----END ${label}-----`, ''].join('\n');
}

function closingLine(lines: readonly string[], begin: number, label: string): number {
  for (let index = begin + 1; index < lines.length; index++) {
    const line = lines[index]!.trimEnd();
    if (line === `-----END ${label}-----`) return index;
    if (line.startsWith('-----')) throw fault(`expected the end of ${label}, found "${line.slice(0, 60)}"`, index);
  }
  throw fault(`${label} has no END line`, begin);
}

function readBlock(lines: readonly string[], begin: number, end: number, label: string): PemBlock {
  const headers = new Map<string, string>();
  let at = begin + 1;
  for (; at < end && lines[at]!.includes(':'); at++) {
    const [name, ...value] = lines[at]!.split(':');
    headers.set(name!.trim(), value.join(':').trim());
  }
  if (headers.size > 0 && lines[at]?.trim() === '') at++;
  const body = lines.slice(at, end).map((line) => line.trim());
  const bytes = decodeBase64(body.join(''));
  if (!bytes || bytes.length === 0) throw fault(`${label} is not base 64`, begin);
  return { label, bytes, headers, line: begin + 1 };
}

/** Octets as characters: a stray octet outside ASCII fails as base 64 and not as a decoder's error. */
function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return parts.join('');
}

function fault(message: string, index: number): DisksealError {
  return new DisksealError('E_KEY', message, { line: index + 1, column: 1 });
}
