/**
 * XML property lists as hdiutil writes them: tabs, sorted keys, base64 in lines that end at column 76 with a tab counted as 8.
 * Source: the property lists inside images made by hdiutil, which come out byte for byte.
 */
import { encodeBase64 } from './base64.ts';
import type { PlistDict, PlistValue } from './value.ts';
import { isArray, isDict } from './value.ts';

const HEADER = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
`;

export function writeXmlPlist(value: PlistValue): Uint8Array {
  const lines: string[] = [];
  write(value, 0, lines);
  return new TextEncoder().encode(`${HEADER}${lines.join('\n')}\n</plist>\n`);
}

function write(value: PlistValue, depth: number, lines: string[]): void {
  const tabs = '\t'.repeat(depth);
  if (isDict(value)) writeDict(value, depth, lines);
  else if (isArray(value)) {
    if (value.length === 0) lines.push(`${tabs}<array/>`);
    else {
      lines.push(`${tabs}<array>`);
      for (const item of value) write(item, depth + 1, lines);
      lines.push(`${tabs}</array>`);
    }
  } else if (value instanceof Uint8Array) writeData(value, depth, lines);
  else lines.push(tabs + scalar(value));
}

function writeDict(dict: PlistDict, depth: number, lines: string[]): void {
  const tabs = '\t'.repeat(depth);
  if (dict.size === 0) {
    lines.push(`${tabs}<dict/>`);
    return;
  }
  lines.push(`${tabs}<dict>`);
  for (const key of [...dict.keys()].sort(byCodeUnits)) {
    lines.push(`${tabs}\t<key>${escape(key)}</key>`);
    write(dict.get(key)!, depth + 1, lines);
  }
  lines.push(`${tabs}</dict>`);
}

export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function writeData(bytes: Uint8Array, depth: number, lines: string[]): void {
  const tabs = '\t'.repeat(depth);
  const width = 76 - 8 * Math.min(depth, 8);
  const text = encodeBase64(bytes);
  lines.push(`${tabs}<data>`);
  for (let at = 0; at < text.length; at += width) lines.push(tabs + text.slice(at, at + width));
  lines.push(`${tabs}</data>`);
}

function scalar(value: string | boolean | bigint | number | Date): string {
  if (typeof value === 'string') return `<string>${escape(value)}</string>`;
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>';
  if (typeof value === 'bigint') return `<integer>${value}</integer>`;
  if (typeof value === 'number') return `<real>${real(value)}</real>`;
  return `<date>${value.toISOString().replace(/\.\d+Z$/, 'Z')}</date>`;
}

function real(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'nan' : value > 0 ? '+infinity' : '-infinity';
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
}
