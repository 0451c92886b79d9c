import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { readXmlPlist } from '../../src/formats/plist/read-xml.ts';
import type { PlistValue } from '../../src/formats/plist/value.ts';
import { writeXmlPlist } from '../../src/formats/plist/write-xml.ts';
import { corpus, corpusBytes, hasCorpus } from '../support/corpus.ts';
import { plistValues } from './values.ts';

const read = (text: string): PlistValue => readXmlPlist(new TextEncoder().encode(text));
const inPlist = (value: string): string => `<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0">${value}</plist>\n`;

function codeOf(text: string): string {
  try {
    read(text);
    return 'accepted';
  } catch (error) {
    return error instanceof DisksealError ? error.code : `escaped: ${String(error)}`;
  }
}

describe('reading', () => {
  test('every kind of value', () => {
    const value = read(
      inPlist(
        '<dict><key>s</key><string>a&lt;&#65;&#x1F600;</string><key>e</key><string/><key>i</key><integer>-12</integer><key>h</key><integer>0xFf</integer>' +
          '<key>r</key><real>1.5e2</real><key>t</key><true/><key>f</key><false></false><key>d</key><date>2026-01-02T03:04:05Z</date>' +
          '<key>b</key><data>\n\tAQI=\n</data><!-- note --><key>a</key><array><array/><dict/></array></dict>',
      ),
    );
    expect(value).toEqual(
      new Map<string, unknown>([
        ['s', 'a<A\u{1F600}'],
        ['e', ''],
        ['i', -12n],
        ['h', 255n],
        ['r', 150],
        ['t', true],
        ['f', false],
        ['d', new Date('2026-01-02T03:04:05Z')],
        ['b', Uint8Array.of(1, 2)],
        ['a', [[], new Map()]],
      ]),
    );
  });

  test('the declaration, the document type and comments are optional', () => {
    expect(read('<plist><string>x</string></plist>')).toBe('x');
    expect(
      read("<?xml version='1.0'?><!-- a --><!DOCTYPE plist SYSTEM \"x\">\n<plist version='1.0'> <string>x</string> </plist> <!-- b -->"),
    ).toBe('x');
  });

  test.each([
    ['nothing', ''],
    ['no root', '<dict/>'],
    ['text after the root', `${inPlist('<true/>')}x`],
    ['two values', inPlist('<true/><true/>')],
    ['no value', inPlist('')],
    ['an internal subset', '<!DOCTYPE plist [<!ENTITY a "b">]><plist><string>&a;</string></plist>'],
    ['an unknown entity', inPlist('<string>&nbsp;</string>')],
    ['an entity named like a member of Object', inPlist('<string>&toString;</string>')],
    ['a bare ampersand', inPlist('<string>a & b</string>')],
    ['a reference to NUL', inPlist('<string>&#0;</string>')],
    ['a reference to half a pair', inPlist('<string>&#xD800;</string>')],
    ['a reference beyond Unicode', inPlist('<string>&#x110000;</string>')],
    ['a control character', inPlist('<string>\u0001</string>')],
    ['CDATA', inPlist('<string><![CDATA[x]]></string>')],
    ['an element inside a string', inPlist('<string><b/></string>')],
    ['the same key twice', inPlist('<dict><key>a</key><true/><key>a</key><true/></dict>')],
    ['a key without a value', inPlist('<dict><key>a</key></dict>')],
    ['a value without a key', inPlist('<dict><true/></dict>')],
    ['an unknown element', inPlist('<set/>')],
    ['an attribute', inPlist('<string a="b">x</string>')],
    ['a capital letter', inPlist('<String>x</String>')],
    ['the wrong end tag', inPlist('<array><true/></dict>')],
    ['an integer with a fraction', inPlist('<integer>1.5</integer>')],
    ['an empty integer', inPlist('<integer/>')],
    ['an integer of 65 bits', inPlist('<integer>18446744073709551616</integer>')],
    ['a real that is none', inPlist('<real>1,5</real>')],
    ['a day that is not', inPlist('<date>2026-13-01T00:00:00Z</date>')],
    ['bad base64', inPlist('<data>AAA</data>')],
    ['an open comment', '<plist><!-- </plist>'],
    ['an open string', '<plist><string>abc'],
    ['nesting without bound', `<plist>${'<array>'.repeat(100_000)}`],
    ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><plist><true/></plist>'],
  ])('%s is E_PLIST', (_, text) => {
    expect(codeOf(text)).toBe('E_PLIST');
  });

  test('bytes that are not UTF-8 are E_PLIST', () => {
    expect(() => readXmlPlist(Uint8Array.of(0xff, 0xfe, 0x3c))).toThrow(expect.objectContaining({ code: 'E_PLIST' }));
  });

  test('the place of a fault counts bytes, from where the text begins in the image', () => {
    const text = '<plist><array><string>\u00e9\u00e9</string><bad/></array></plist>';
    const place = Buffer.from(text).indexOf('</array>');
    expect(() => readXmlPlist(new TextEncoder().encode(text), 1000)).toThrow(expect.objectContaining({ offset: 1000 + place }));
  });

  test('a megabyte of brackets, ampersands or comments takes no time', () => {
    const begun = performance.now();
    for (const piece of ['<', '&', '<!--', '<array>', '&#', ' ', '<key>', '<plist>', '\r']) {
      codeOf(`<plist><string>${piece.repeat(1_000_000 / piece.length)}`);
      codeOf(piece.repeat(1_000_000 / piece.length));
    }
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});

describe('writing', () => {
  test('as hdiutil does', () => {
    const value = new Map<string, PlistValue>([
      ['b', ['x & <y>', 5n, true, new Uint8Array(40)]],
      ['a', new Map()],
      ['B', []],
    ]);
    expect(new TextDecoder().decode(writeXmlPlist(value)).split('\n').slice(3)).toEqual([
      '<dict>',
      '\t<key>B</key>',
      '\t<array/>',
      '\t<key>a</key>',
      '\t<dict/>',
      '\t<key>b</key>',
      '\t<array>',
      '\t\t<string>x &amp; &lt;y&gt;</string>',
      '\t\t<integer>5</integer>',
      '\t\t<true/>',
      '\t\t<data>',
      `\t\t${'A'.repeat(54)}==`,
      '\t\t</data>',
      '\t</array>',
      '</dict>',
      '</plist>',
      '',
    ]);
  });

  test('what is written is read back the same', () => {
    fc.assert(
      fc.property(plistValues, (value) => {
        expect(readXmlPlist(writeXmlPlist(value))).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });
});

describe('property lists of real images', () => {
  // libdmg-hfsplus breaks lines and escapes in its own way.
  const images = corpus('dmg').filter(({ file, what }) => file.endsWith('.dmg') && what.includes('koly') && !file.includes('libdmg-made'));
  test.runIf(hasCorpus)('the corpus has some', () => expect(images).not.toEqual([]));
  test.each(images.map(({ file }) => file))('%s: written again byte for byte', (file) => {
    const bytes = corpusBytes(file);
    const { xmlOffset, xmlLength } = KolyTrailer.read(bytes, bytes.length - KolyTrailer.size);
    const stored = bytes.subarray(xmlOffset, xmlOffset + xmlLength);
    expect(Buffer.from(writeXmlPlist(readXmlPlist(stored))).equals(stored)).toBe(true);
  });
});
