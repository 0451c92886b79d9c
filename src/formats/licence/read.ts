/** Reads the licences of a DMG, whoever made it. Bounded by the resources' own lengths; texts come out as Unicode. */
import { DisksealError } from '../../core/errors.ts';
import { decodeMac } from './mac-encoding.ts';
import { regionWithCode } from './region.ts';
import { textOfRtf } from './rtf.ts';
import { FIRST_ID, LPicEntry, LPicHeader } from './structs.ts';
import type { Resource } from './write.ts';

export interface ShownLicence {
  readonly regionCode: number;
  /** As in `ja_JP`; undefined for a code without a name here. */
  readonly locale: string | undefined;
  /** Shown to those who read none of the languages. */
  readonly isDefault: boolean;
  readonly kind: 'TEXT' | 'RTF ' | undefined;
  /** What a reader sees, with line feeds; empty when its resource is missing. */
  readonly text: string;
  /** Language, buttons and message, as far as they are there. */
  readonly words: readonly string[];
}

/** @returns none when there is no table of languages @throws DisksealError `E_UDIF` for a table that is cut short */
export function readLicence(resources: readonly Resource[]): ShownLicence[] {
  const find = (type: string, id: number): Uint8Array | undefined =>
    resources.find((resource) => resource.type === type && resource.id === id)?.data;
  const table = find('LPic', FIRST_ID);
  if (!table) return [];
  const { defaultRegion, count } = LPicHeader.read(table.length < LPicHeader.size ? refuse() : table);
  if (count * LPicEntry.size > table.length - LPicHeader.size) refuse();
  return Array.from({ length: count }, (_, index) => {
    const { region: regionCode, resource } = LPicEntry.read(table, LPicHeader.size + index * LPicEntry.size);
    const region = regionWithCode(regionCode);
    const encoding = region?.encoding ?? 'roman';
    const [plain, rtf] = [find('TEXT', FIRST_ID + resource), find('RTF ', FIRST_ID + resource)];
    return {
      regionCode,
      locale: region?.locale,
      isDefault: regionCode === defaultRegion,
      kind: rtf ? 'RTF ' : plain ? 'TEXT' : undefined,
      text: rtf ? textOfRtf(rtf) : decodeMac(plain ?? new Uint8Array(), encoding).replace(/\r\n?/g, '\n'),
      words: stringList(find('STR#', FIRST_ID + resource)).map((bytes) => decodeMac(bytes, encoding)),
    };
  });
}

function refuse(): never {
  throw new DisksealError('E_UDIF', 'the table of the licence’s languages is cut short', { field: 'LPic' });
}

/** As many as are whole: who reads the licence needs no buttons. */
function stringList(bytes: Uint8Array | undefined): Uint8Array[] {
  if (!bytes || bytes.length < 2) return [];
  const strings: Uint8Array[] = [];
  for (let at = 2, left = (bytes[0]! << 8) | bytes[1]!; left > 0 && at < bytes.length; left--) {
    const length = bytes[at]!;
    if (at + 1 + length > bytes.length) break;
    strings.push(bytes.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return strings;
}
