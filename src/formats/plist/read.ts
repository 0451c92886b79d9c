/** A property list in either of the two forms that are in use, as Info.plist and the Finder's records have them. */
import { isBinaryPlist, readBinaryPlist } from './binary-plist.ts';
import { readXmlPlist } from './read-xml.ts';
import type { PlistValue } from './value.ts';

/** @param offset - where `bytes` begin in the image, for error messages @throws DisksealError `E_PLIST` */
export function readPlist(bytes: Uint8Array, offset = 0): PlistValue {
  return isBinaryPlist(bytes) ? readBinaryPlist(bytes, offset) : readXmlPlist(bytes, offset);
}
