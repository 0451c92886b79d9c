/**
 * XML property lists, read strictly. Source: Apple's PropertyList-1.0 DTD and XML 1.0 (5th ed.).
 * Left out on purpose: internal subsets and entities of one's own (2.8, 4.2), CDATA (2.7), encodings other than UTF-8,
 * processing instructions, and the binary and OpenStep forms. Comments are skipped between elements.
 */
import { DisksealError } from '../../core/errors.ts';
import { decodeBase64 } from './base64.ts';
import type { PlistArray, PlistDict, PlistValue } from './value.ts';

const MAX_DEPTH = 64;
/** The largest image has a few thousand; an empty <dict/> of seven bytes costs two hundred in memory. */
const MAX_VALUES = 100_000;

/**
 * @param bytes - the whole document, nothing after it; memory is a small multiple of its size
 * @param offset - where `bytes` begin in the image, for error messages
 * @throws DisksealError `E_PLIST`
 */
export function readXmlPlist(bytes: Uint8Array, offset = 0): PlistValue {
  const reader = new Reader(decode(bytes, offset));
  try {
    return reader.document();
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    // The reader counts UTF-16 units; the place is wanted in bytes.
    const before = new TextEncoder().encode(reader.text.slice(0, reader.at)).length;
    throw error.with({ offset: offset + before });
  }
}

function decode(bytes: Uint8Array, offset: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DisksealError('E_PLIST', 'the property list is not UTF-8 text', { offset, cause });
  }
}

const SPACE = /[ \t\r\n]*/y;
const DECLARATION = /<\?xml version=(["'])1\.0\1(?: encoding=(["'])utf-8\2)?(?: standalone=(["'])(?:yes|no)\3)?\s*\?>/iy;
const DOCTYPE = /<!DOCTYPE\s+plist(?:\s+(?:PUBLIC\s+"[^"<>]*"|SYSTEM)\s+"[^"<>]*")?\s*>/y;
const ROOT = /<plist(?:\s+version=(["'])1\.0\1)?\s*>/y;
const OPEN = /<([a-z]+)[ \t\r\n]*(\/?)>/y;
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

class Reader {
  readonly text: string;
  at = 0;
  private values = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): PlistValue {
    this.match(DECLARATION);
    this.skip();
    this.match(DOCTYPE);
    this.skip();
    if (!this.match(ROOT)) throw this.fault('expected <plist version="1.0">');
    const value = this.value(this.open(), MAX_DEPTH);
    this.close('plist');
    this.skip();
    if (this.at < this.text.length) throw this.fault('text follows </plist>');
    return value;
  }

  private value({ name, empty }: Element, depth: number): PlistValue {
    if (++this.values > MAX_VALUES) throw this.fault(`more than ${MAX_VALUES} values`);
    if (depth === 0) throw this.fault(`nested more than ${MAX_DEPTH} deep`);
    switch (name) {
      case 'dict':
        return empty ? new Map() : this.dict(depth);
      case 'array':
        return empty ? [] : this.array(depth);
      case 'true':
      case 'false':
        if (!empty) this.close(name);
        return name === 'true';
      case 'string':
        return empty ? '' : this.characters(name);
      case 'data':
        return empty ? new Uint8Array() : decodeBase64(this.characters(name));
      case 'integer':
        return this.integer(empty ? '' : this.characters(name).trim());
      case 'real':
        return this.real(empty ? '' : this.characters(name).trim());
      case 'date':
        return this.date(empty ? '' : this.characters(name).trim());
      default:
        throw this.fault(`<${name}> is not a property list value`);
    }
  }

  private dict(depth: number): PlistDict {
    const dict = new Map<string, PlistValue>();
    while (!this.ended('dict')) {
      const { name, empty } = this.open();
      if (name !== 'key') throw this.fault('expected <key>');
      const key = empty ? '' : this.characters('key');
      if (dict.has(key)) throw this.fault(`the key ${JSON.stringify(key)} appears twice`);
      dict.set(key, this.value(this.open(), depth - 1));
    }
    return dict;
  }

  private array(depth: number): PlistArray {
    const items: PlistValue[] = [];
    while (!this.ended('array')) items.push(this.value(this.open(), depth - 1));
    return items;
  }

  private integer(text: string): bigint {
    if (!/^[+-]?(?:\d{1,20}|0x[\da-f]{1,16})$/i.test(text)) throw this.fault('not an integer of 64 bits');
    const size = BigInt(text.replace(/^[+-]/, ''));
    const value = text.startsWith('-') ? -size : size;
    if (value < -(2n ** 63n) || value >= 2n ** 64n) throw this.fault('not an integer of 64 bits');
    return value;
  }

  private real(text: string): number {
    if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
    if (/^nan$/i.test(text)) return NaN;
    if (text.length > 64 || !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) throw this.fault('not a real number');
    return Number(text);
  }

  private date(text: string): Date {
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : NaN;
    if (Number.isNaN(time)) throw this.fault('not a date such as 2026-01-01T00:00:00Z');
    return new Date(time);
  }

  /** Text up to the end tag, with references resolved; elements inside are refused. */
  private characters(name: string): string {
    const start = this.at;
    const end = this.text.indexOf('<', start);
    if (end < 0) throw this.fault(`<${name}> has no end`);
    const raw = this.text.slice(start, end);
    const plain = this.resolve(raw);
    this.at = end;
    this.close(name);
    return plain;
  }

  private resolve(raw: string): string {
    if (/[^\t\n\r\u0020-\uFFFD]/.test(raw)) throw this.fault('a character that XML does not allow');
    const lines = raw.includes('\r') ? raw.replace(/\r\n?/g, '\n') : raw;
    if (!lines.includes('&')) return lines;
    return lines.replace(/&([^;&]{0,10})(;?)/g, (_, name: string, end: string) => {
      const found = end === '' ? undefined : this.reference(name);
      if (found === undefined) throw this.fault(`&${name} is not a reference that property lists know`);
      return found;
    });
  }

  private reference(name: string): string | undefined {
    const number = /^#(?:(\d{1,7})|x([\da-f]{1,6}))$/i.exec(name);
    if (!number) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    const code = number[1] === undefined ? Number.parseInt(number[2]!, 16) : Number(number[1]);
    const allowed = code === 9 || code === 10 || code === 13 || (code >= 32 && code < 0xd800) || (code >= 0xe000 && code <= 0x10ffff);
    return allowed && code !== 0xfffe && code !== 0xffff ? String.fromCodePoint(code) : undefined;
  }

  private open(): Element {
    this.skip();
    const found = this.match(OPEN);
    if (!found) throw this.fault('expected an element');
    return { name: found[1]!, empty: found[2] === '/' };
  }

  /** Takes the end tag if it comes next. */
  private ended(name: string): boolean {
    this.skip();
    if (!this.text.startsWith(`</${name}`, this.at)) return false;
    this.close(name);
    return true;
  }

  private close(name: string): void {
    this.skip();
    const tag = `</${name}`;
    const end = this.text.startsWith(tag, this.at) ? this.text.indexOf('>', this.at) : -1;
    if (end < 0 || this.text.slice(this.at + tag.length, end).trim() !== '') throw this.fault(`expected </${name}>`);
    this.at = end + 1;
  }

  /** White space and comments. */
  private skip(): void {
    this.match(SPACE);
    while (this.text.startsWith('<!--', this.at)) {
      const end = this.text.indexOf('-->', this.at + 4);
      if (end < 0) throw this.fault('a comment has no end');
      this.at = end + 3;
      this.match(SPACE);
    }
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) return undefined;
    this.at += found[0].length;
    return found;
  }

  private fault(message: string): DisksealError {
    return new DisksealError('E_PLIST', message);
  }
}

interface Element {
  readonly name: string;
  readonly empty: boolean;
}
