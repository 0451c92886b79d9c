/** Licences as resources. The judge of the layout is an image that DMG Canvas made; of the encodings, what Python's codecs say. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMac, encodeMac, type MacEncoding } from '../../src/formats/licence/mac-encoding.ts';
import { readLicence } from '../../src/formats/licence/read.ts';
import { regionOf, regionWithCode } from '../../src/formats/licence/region.ts';
import { isRtf, rtfOf, textOfRtf } from '../../src/formats/licence/rtf.ts';
import { wordsFor } from '../../src/formats/licence/words.ts';
import { type LicenceText, type Resource, writeLicence } from '../../src/formats/licence/write.ts';

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const plain = (locale: string, text: string): LicenceText => ({ region: regionOf(locale), body: { text } });
const REGIONS = Array.from({ length: 128 }, (_, code) => regionWithCode(code)).filter((region) => region !== undefined);

/** The four resources of SparkleTestCodeSignApp.dmg (sparkle-project/Sparkle fa4eaa97, MIT), made with DMG Canvas. */
const FOREIGN: Resource[] = [
  { type: 'LPic', id: 5000, name: '', data: Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0) },
  {
    type: 'STR#',
    id: 5000,
    name: '',
    data: Uint8Array.from([
      0,
      6,
      7,
      ...ascii('English'),
      5,
      ...ascii('Agree'),
      8,
      ...ascii('Disagree'),
      5,
      ...ascii('Print'),
      5,
      ...ascii('Save'),
      0xc9,
      1,
      63,
    ]),
  },
  { type: 'TEXT', id: 5000, name: '', data: ascii('Blah blah blah blah blah blah, ok.. Agree.') },
  { type: 'styl', id: 5000, name: '', data: new Uint8Array(Buffer.from('000100000000000e0011001500b0000c000000000000', 'hex')) },
];

describe('beside the image from DMG Canvas', () => {
  test('the same licence gives the same resources, field by field', () => {
    const written = writeLicence([plain('en_US', 'Blah blah blah blah blah blah, ok.. Agree.')]);
    expect(written.map(({ type, id, name }) => ({ type, id, name }))).toEqual(FOREIGN.map(({ type, id, name }) => ({ type, id, name })));
    const ours = (type: string) => written.find((resource) => resource.type === type)?.data;
    const theirs = (type: string) => FOREIGN.find((resource) => resource.type === type)?.data;
    expect(hex(ours('LPic'))).toBe(hex(theirs('LPic')));
    expect(hex(ours('TEXT'))).toBe(hex(theirs('TEXT')));
    // Five of the six strings; the sentence is our own.
    expect(hex(ours('STR#')).slice(0, 74)).toBe(hex(theirs('STR#')).slice(0, 74));
    // Their filler byte is not zero.
    expect(hex(ours('styl'))).toBe(hex(theirs('styl')).replace('00b0', '0000'));
  });

  test('it reads', () => {
    expect(readLicence(FOREIGN)).toEqual([
      {
        regionCode: 0,
        locale: 'en_US',
        isDefault: true,
        kind: 'TEXT',
        text: 'Blah blah blah blah blah blah, ok.. Agree.',
        words: ['English', 'Agree', 'Disagree', 'Print', 'Save…', '?'],
      },
    ]);
  });
});

describe('writing', () => {
  test('five languages read back, Japanese among them, each with the text and words that went in', () => {
    const texts = {
      en_US: 'One\nTwo “quoted”',
      de_DE: 'Straße',
      ja_JP: '使用許諾\n第一条\t{全て}',
      ru_RU: 'Лицензия \\ 1',
      zh_TW: '授權 🀄',
    };
    const read = readLicence(writeLicence(Object.entries(texts).map(([locale, text]) => plain(locale, text))));
    expect(Object.fromEntries(read.map(({ locale, text }) => [locale, text]))).toEqual(texts);
    expect(read.map(({ isDefault }) => isDefault)).toEqual([true, false, false, false, false]);
    expect(read.map(({ kind }) => kind)).toEqual(['TEXT', 'TEXT', 'RTF ', 'RTF ', 'RTF ']);
    for (const { locale, words } of read) expect(words).toEqual(Object.values(wordsFor(locale!)));
  });

  test('the table says which languages need two bytes, and whose resources are whose', () => {
    const [table] = writeLicence([plain('fr_FR', 'x'), plain('ja_JP', 'x')]);
    expect(hex(table?.data)).toBe('00010002000100000000000e00010001');
  });

  test('every region has six strings that fit and say what they should', () => {
    expect(REGIONS.length).toBeGreaterThan(40);
    for (const region of REGIONS) {
      const [shown] = readLicence(writeLicence([{ region, body: { text: 'x' } }]));
      expect(shown?.words).toHaveLength(6);
      expect(shown?.words.join(''), region.locale).not.toMatch(/\ufffd/);
      if (region.encoding !== 'ascii') expect(shown?.words, region.locale).toEqual(Object.values(wordsFor(region.locale)));
    }
  });

  test('a text that MacRoman does not have, or that is longer than TextEdit held, becomes RTF; RTF stays what it was', () => {
    expect(readLicence(writeLicence([plain('en_US', 'a ☃')]))[0]).toMatchObject({ kind: 'RTF ', text: 'a ☃' });
    expect(readLicence(writeLicence([plain('en_US', 'x'.repeat(32_768))]))[0]).toMatchObject({ kind: 'RTF ' });
    const rtf = ascii('{\\rtf1\\ansi Own \\b words\\b0 .\\par}');
    const written = writeLicence([{ region: regionOf('en_US'), body: { rtf } }]);
    expect(written.find(({ type }) => type === 'RTF ')?.data).toBe(rtf);
  });
});

describe('regions', () => {
  test('by their names and by the language alone', () => {
    expect(regionOf('pt-BR').code).toBe(71);
    expect(['en', 'de', 'fr', 'zh', 'zh_Hant', 'no', 'pt'].map((name) => regionOf(name).locale)).toEqual([
      'en_US',
      'de_DE',
      'fr_FR',
      'zh_CN',
      'zh_TW',
      'nb_NO',
      'pt_PT',
    ]);
    expect(() => regionOf('ja_JA')).toThrow(expect.objectContaining({ code: 'E_MANIFEST', hint: 'did you mean "ja_JP"?' }));
    expect(() => regionOf('__proto__')).toThrow(expect.objectContaining({ code: 'E_MANIFEST' }));
    expect(() => regionOf('toString')).toThrow(expect.objectContaining({ code: 'E_MANIFEST' }));
  });
});

describe('reading what is damaged', () => {
  const [, ...others] = FOREIGN;
  test.each(['', '00', '000000', '0000ffff', '00000001', '000000010000000000'])('a table of %s is E_UDIF', (bytes) => {
    const table = { type: 'LPic', id: 5000, name: '', data: new Uint8Array(Buffer.from(bytes, 'hex')) };
    expect(() => readLicence([table, ...others])).toThrow(expect.objectContaining({ code: 'E_UDIF' }));
  });

  test('texts that are missing or cut short leave the rest', () => {
    const strings = { type: 'STR#', id: 5000, name: '', data: Uint8Array.of(0, 6, 1, 65, 200, 66) };
    const read = readLicence([FOREIGN[0], strings]);
    expect(read).toEqual([{ regionCode: 0, locale: 'en_US', isDefault: true, kind: undefined, text: '', words: ['A'] }]);
    expect(readLicence([])).toEqual([]);
  });
});

describe('encodings', () => {
  // python3 -c "print('Příliš žluťoučký'.encode('mac_latin2').hex())" and so on.
  test.each<[MacEncoding, string, string]>([
    ['roman', 'Größe … “x” €', '47729aa76520c920d278d320db'],
    ['centralEuropean', 'Příliš žluťoučký', '50de92 6c69e4 20 ec6c75 e96f75 8b 6b f9'.replaceAll(' ', '')],
    ['cyrillic', 'Привет, «мир»', '8ff0e8e2e5f22c20c7ece8f0c8'],
    ['greek', 'Ελλάδα', 'b6ececc0e4e1'],
    ['turkish', 'İğneşı', 'dcdb6e65dfdd'],
    ['croatian', 'Šđž', 'a9f0be'],
    ['romanian', 'Șț', 'afdf'],
    ['icelandic', 'Þórður', 'de97 72dd 7572'.replaceAll(' ', '')],
    ['japanese', '日本語 ｱ', '93fa967b8cea20b1'],
    ['korean', '한국어', 'c7d1b1b9beee'],
    ['simplifiedChinese', '简体中文', 'bcf2cce5d6d0cec4'],
    ['traditionalChinese', '繁體中文', 'c163c5e9a4a4a4e5'],
  ])('%s: %s', (encoding, text, bytes) => {
    expect(hex(encodeMac(text, encoding))).toBe(bytes);
    expect(decodeMac(new Uint8Array(Buffer.from(bytes, 'hex')), encoding)).toBe(text);
  });

  test('where MacJapanese is not Shift_JIS', () => {
    expect(hex(encodeMac('¥\\〜−', 'japanese'))).toBe('5c808160817c');
    expect(encodeMac('①', 'japanese')).toBeUndefined();
    expect(encodeMac('☃', 'roman')).toBeUndefined();
    expect(encodeMac('é', 'ascii')).toBeUndefined();
  });

  test.each(['roman', 'cyrillic', 'greek', 'japanese', 'korean', 'simplifiedChinese', 'traditionalChinese', 'ascii'] as const)(
    '%s: what can be written is read back, and any bytes can be read',
    (encoding) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
          const text = decodeMac(bytes, encoding);
          const again = encodeMac(text, encoding);
          if (again) expect(decodeMac(again, encoding)).toBe(text);
          else expect(text).toContain('\ufffd');
        }),
      );
    },
  );
});

describe('RTF', () => {
  test('what is written is read back, and is ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (any) => {
        const text = any.replaceAll(/[\0-\x08\x0b-\x1f\x7f\p{Surrogate}]/gu, '');
        const rtf = rtfOf(text);
        expect(isRtf(rtf)).toBe(true);
        expect(rtf.every((byte) => byte < 0x80)).toBe(true);
        expect(textOfRtf(rtf)).toBe(text);
      }),
    );
  });

  test('as word processors write it', () => {
    const source =
      '{\\rtf1\\ansi\\ansicpg1252{\\fonttbl\\f0\\fswiss Helvetica;}{\\colortbl;\\red0\\green0\\blue0;}{\\*\\generator Riched20;}\n' +
      "\\pard\\f0 Caf\\'e9 \\{a\\}\\~b\\line c\\par {\\b bold} \\u8220\\'93x\\u8221\\'94\\uc2\\u26085??\\emdash\\par}";
    expect(textOfRtf(ascii(source))).toBe('Café {a}\u00a0b\nc\nbold “x”日—\n');
  });

  test('anything else gives some text and no fault, in little time', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => typeof textOfRtf(bytes) === 'string'));
    const begun = performance.now();
    for (const piece of ['{', '\\', '\\a', "\\'", '}', '\\u1', '\\uc99999 ']) textOfRtf(ascii(piece.repeat(300_000)));
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});
