/**
 * Writes the licences that a DMG shows before it opens, as resources. A text stays plain where it and its language are written in
 * MacRoman; everything else becomes RTF, which needs no encoding of the old system.
 */
import { assert } from '../../core/errors.ts';
import { encodeMac, type MacEncoding } from './mac-encoding.ts';
import { isTwoByte, type Region } from './region.ts';
import { rtfOf } from './rtf.ts';
import { FIRST_ID, LPicEntry, LPicHeader, StyleRun } from './structs.ts';
import { wordsFor } from './words.ts';

export interface LicenceText {
  readonly region: Region;
  /** Plain text with line feeds, or a whole RTF document. */
  readonly body: { readonly text: string } | { readonly rtf: Uint8Array };
}

/** As in a resource fork: four characters, a number, bytes. */
export interface Resource {
  readonly type: string;
  readonly id: number;
  readonly name: string;
  readonly data: Uint8Array;
}

/** TextEdit of old held no more characters in one text. */
const TEXT_LIMIT = 32_767;

/** @param licences - one for each region, the one for everybody else first */
export function writeLicence(licences: readonly LicenceText[]): Resource[] {
  assert(licences[0], 'a licence in no language');
  const resource = (type: string, index: number, data: Uint8Array): Resource => ({ type, id: FIRST_ID + index, name: '', data });
  return [
    resource('LPic', 0, table(licences)),
    ...licences.flatMap(({ region, body }, index) => {
      const plain = 'text' in body ? plainText(body.text, region) : undefined;
      const strings = resource('STR#', index, stringList(region));
      if (plain) return [strings, resource('TEXT', index, plain), resource('styl', index, style())];
      return [strings, resource('RTF ', index, 'rtf' in body ? body.rtf : rtfOf(body.text))];
    }),
  ];
}

function table(licences: readonly LicenceText[]): Uint8Array {
  const bytes = new Uint8Array(LPicHeader.size + licences.length * LPicEntry.size);
  LPicHeader.write({ defaultRegion: licences[0]!.region.code, count: licences.length }, bytes);
  licences.forEach(({ region }, index) => {
    const entry = { region: region.code, resource: index, twoByte: isTwoByte(region) ? 1 : 0 };
    LPicEntry.write(entry, bytes, LPicHeader.size + index * LPicEntry.size);
  });
  return bytes;
}

function plainText(text: string, { encoding }: Region): Uint8Array | undefined {
  const bytes = encoding === 'roman' ? encodeMac(text.replaceAll('\n', '\r'), encoding) : undefined;
  return bytes && bytes.length <= TEXT_LIMIT ? bytes : undefined;
}

/** One run from the first character: 12 points, black, as the image from DMG Canvas has it. */
function style(): Uint8Array {
  const run = StyleRun.write({ start: 0, lineHeight: 14, ascent: 17, font: 21, size: 12, colour: [0, 0, 0] });
  return Uint8Array.of(0, 1, ...run);
}

/** The six texts as Pascal strings. */
function stringList({ locale, encoding }: Region): Uint8Array {
  const { language, agree, disagree, print, save, message } = wordsFor(locale);
  const strings = [language, agree, disagree, print, save, message].map((text) => inEncoding(text, encoding));
  return Uint8Array.from([0, strings.length, ...strings.flatMap((bytes) => [bytes.length, ...bytes])]);
}

function inEncoding(text: string, encoding: MacEncoding): Uint8Array {
  const bytes = encodeMac(text, encoding) ?? encodeMac(text.replaceAll('…', '...').replaceAll(/[“”]/g, '"'), encoding);
  assert(bytes && bytes.length <= 255, `${JSON.stringify(text)} does not fit a string of ${encoding}`);
  return bytes;
}
