/**
 * The text encodings of classic Mac OS, which the resources of a licence are in. Source: Apple's tables at unicode.org (VENDORS/APPLE).
 * Roman, Cyrillic and the two-byte encodings come out of TextDecoder, as far as its encodings are the same as Apple's: of Shift_JIS,
 * GB 2312, KS X 1001 and Big5 only the characters of the standards, none of those that makers added at places of their own.
 * Left out: Hebrew, Arabic, Thai and Vietnamese; only their ASCII is written and read.
 */

export type MacEncoding = 'roman' | 'cyrillic' | keyof typeof UPPER_HALVES | keyof typeof TWO_BYTES | 'ascii';

/** Characters of the bytes 0x80 to 0xff. */
const UPPER_HALVES = {
  greek:
    'Ä¹²É³ÖÜ΅àâä΄¨çéèêë£™îï•½‰ôö¦€ùûü†ΓΔΘΛΞΠß®©ΣΪ§≠°·Α±≤≥¥ΒΕΖΗΙΚΜΦΫΨΩ' +
    'άΝ¬ΟΡ≈Τ«»…\u00a0ΥΧΆΈœ–―“”‘’÷ΉΊΌΎέήίόΏύαβψδεφγηιξκλμνοπώρστθωςχυζϊϋΐΰ\u00ad',
  turkish:
    'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø' +
    '¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸĞğİıŞş‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙ\uf8a0ˆ˜¯˘˙˚¸˝˛ˇ',
  centralEuropean:
    'ÄĀāÉĄÖÜáąČäčĆćéŹźĎíďĒēĖóėôöõúĚěü†°Ę£§•¶ß®©™ę¨≠ģĮįĪ≤≥īĶ∂∑łĻļĽľĹĺŅ' +
    'ņŃ¬√ńŇ∆«»…\u00a0ňŐÕőŌ–—“”‘’÷◊ōŔŕŘ‹›řŖŗŠ‚„šŚśÁŤťÍŽžŪÓÔūŮÚůŰűŲųÝýķŻŁżĢˇ',
  icelandic:
    'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûüÝ°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø' +
    '¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€ÐðÞþý·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ',
  croatian:
    'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®Š™´¨≠ŽØ∞±≤≥∆µ∂∑∏š∫ªºΩžø' +
    '¿¡¬√ƒ≈Ć«Č…\u00a0ÀÃÕŒœĐ—“”‘’÷◊\uf8ff©⁄€‹›Æ»–·‚„‰ÂćÁčÈÍÎÏÌÓÔđÒÚÛÙıˆ˜¯πË˚¸Êæˇ',
  romanian:
    'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ĂȘ∞±≤≥¥µ∂∑∏π∫ªºΩăș' +
    '¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›Țț‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ',
} as const;

/** Rows of two-byte characters, by lead byte, as TextDecoder knows them; and what single bytes mean in Apple's form of them. */
const TWO_BYTES = {
  japanese: {
    label: 'shift_jis',
    leads: [
      [0x81, 0x84],
      [0x88, 0x9f],
      [0xe0, 0xea],
    ],
    trails: [
      [0x40, 0x7e],
      [0x80, 0xfc],
    ],
    // A yen sign stands at the place of the backslash; the six others are where Microsoft's reading of JIS X 0208 differs.
    own: { 0x5c: '\u00a5', 0x80: '\\', 0xa0: '\u00a0', 0xfd: '\u00a9', 0xfe: '\u2122', 0xff: '\u2026' },
    differ: { 0x8160: '\u301c', 0x8161: '\u2016', 0x817c: '\u2212', 0x8191: '\u00a2', 0x8192: '\u00a3', 0x81ca: '\u00ac' },
  },
  korean: {
    label: 'euc-kr',
    leads: [
      [0xa1, 0xac],
      [0xb0, 0xc8],
      [0xca, 0xfd],
    ],
    trails: [[0xa1, 0xfe]],
    own: { 0x80: '\u00a0', 0x81: '\u20a9', 0x83: '\u00a9', 0xfe: '\u2122', 0xff: '\u2026' },
    differ: {},
  },
  simplifiedChinese: {
    label: 'gbk',
    leads: [
      [0xa1, 0xa9],
      [0xb0, 0xf7],
    ],
    trails: [[0xa1, 0xfe]],
    own: { 0x80: '\u00fc', 0xa0: '\u00a0', 0xfd: '\u00a9', 0xfe: '\u2122', 0xff: '\u2026' },
    differ: {},
  },
  traditionalChinese: {
    label: 'big5',
    leads: [
      [0xa1, 0xc5],
      [0xc9, 0xf8],
    ],
    trails: [
      [0x40, 0x7e],
      [0xa1, 0xfe],
    ],
    own: { 0x80: '\\', 0xa0: '\u00a0', 0xfd: '\u00a9', 0xfe: '\u2122', 0xff: '\u2026' },
    differ: {},
  },
} as const;

type Range = readonly [first: number, last: number];

/** By code: one byte, or two with the lead byte above. */
interface Table {
  readonly characters: ReadonlyMap<number, string>;
  readonly codes: ReadonlyMap<string, number>;
}

const tables = new Map<MacEncoding, Table>();

/** @returns undefined when the encoding does not have one of the characters */
export function encodeMac(text: string, encoding: MacEncoding): Uint8Array | undefined {
  const { codes } = tableOf(encoding);
  const bytes: number[] = [];
  for (const character of text) {
    const code = codes.get(character);
    if (code === undefined) return undefined;
    if (code > 0xff) bytes.push(code >>> 8);
    bytes.push(code & 0xff);
  }
  return Uint8Array.from(bytes);
}

/** What has no meaning in the encoding becomes U+FFFD. */
export function decodeMac(bytes: Uint8Array, encoding: MacEncoding): string {
  const { characters } = tableOf(encoding);
  let text = '';
  for (let at = 0; at < bytes.length; at++) {
    const single = characters.get(bytes[at]!);
    const pair = single === undefined && at + 1 < bytes.length ? characters.get((bytes[at]! << 8) | bytes[at + 1]!) : undefined;
    if (pair !== undefined) at++;
    text += single ?? pair ?? '\ufffd';
  }
  return text;
}

/** Made when first asked for: the largest has 13,000 characters. */
function tableOf(encoding: MacEncoding): Table {
  const known = tables.get(encoding);
  if (known) return known;
  const characters = new Map<number, string>(Array.from({ length: 0x80 }, (_, code) => [code, String.fromCharCode(code)]));
  if (isIn(TWO_BYTES, encoding)) addPairs(characters, TWO_BYTES[encoding]);
  else if (encoding !== 'ascii') for (const [index, one] of Array.from(upperHalf(encoding)).entries()) characters.set(0x80 + index, one);
  // A character that has two codes keeps the first: of two bytes before what single bytes were given to.
  const codes = new Map([...characters].reverse().map(([code, character]) => [character, code]));
  const table = { characters, codes };
  tables.set(encoding, table);
  return table;
}

function isIn<T extends object>(table: T, key: PropertyKey): key is keyof T {
  return Object.hasOwn(table, key);
}

function upperHalf(encoding: 'roman' | 'cyrillic' | keyof typeof UPPER_HALVES): string {
  if (isIn(UPPER_HALVES, encoding)) return UPPER_HALVES[encoding];
  const bytes = Uint8Array.from({ length: 0x80 }, (_, index) => 0x80 + index);
  return new TextDecoder(encoding === 'roman' ? 'macintosh' : 'x-mac-cyrillic').decode(bytes);
}

function addPairs(
  characters: Map<number, string>,
  { label, leads, trails, own, differ }: (typeof TWO_BYTES)[keyof typeof TWO_BYTES],
): void {
  const decoder = new TextDecoder(label);
  for (const lead of numbersIn(leads)) {
    for (const trail of numbersIn(trails)) {
      const character = decoder.decode(Uint8Array.of(lead, trail));
      // Two characters come out where a pair has no meaning.
      if (Array.from(character).length === 1 && character !== '\ufffd') characters.set((lead << 8) | trail, character);
    }
  }
  // JIS X 0201: half-width katakana.
  if (label === 'shift_jis') for (const code of numbersIn([[0xa1, 0xdf]])) characters.set(code, decoder.decode(Uint8Array.of(code)));
  for (const [code, character] of Object.entries({ ...own, ...differ })) characters.set(Number(code), character);
}

function* numbersIn(ranges: readonly Range[]): Generator<number> {
  for (const [first, last] of ranges) for (let value = first; value <= last; value++) yield value;
}
