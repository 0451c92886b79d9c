/**
 * Names as the trees of an image have them. Sources: ECMA-119 section 7.5 (name, ".", extension, ";", version), Joliet
 * (UCS-2, big-endian), RRIP 4.1.4 (bytes; UTF-8 by custom).
 */
import { malformed } from './malformed.ts';

/** What a file identifier shows as: without the version, and without the dot that an empty extension leaves. */
export function isoName(identifier: Uint8Array): string {
  return shownIdentifier(String.fromCharCode(...identifier));
}

export function shownIdentifier(identifier: string): string {
  return identifier.replace(/;[0-9]{0,5}$/, '').replace(/(.)\.$/, '$1');
}

/** Joliet wants the version too; nobody writes it any more. A dot at the end is the name's own. */
export function jolietName(identifier: Uint8Array): string {
  return utf16(identifier).replace(/;[0-9]{1,5}$/, '');
}

export function utf16(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode((bytes[at]! << 8) | bytes[at + 1]!);
  return text;
}

/** UTF-8; the bytes of an older character set are shown as if they were ISO 8859-1. */
export function posixText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  }
}

/** A text field of a descriptor, without what fills it up. */
export function descriptorText(field: Uint8Array, isJoliet: boolean): string {
  const text = isJoliet ? utf16(field) : posixText(field);
  return text.replace(/[\0 ]+$/, '');
}

/** @throws DisksealError `E_ISO9660` for what is not one component of a path */
export function checkName(name: string, offset: number): string {
  if (name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')) return name;
  throw malformed(`${JSON.stringify(name)} is not a name`, offset, 'DirectoryRecord.identifier');
}
