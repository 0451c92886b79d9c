import { describe, expect, it } from 'vitest';
import { type HostAttributes, parseGetfattr, parseXattr } from '../../src/manifest/host-attributes.ts';

const plain = (found: HostAttributes) =>
  Object.fromEntries(
    [...found].map(([path, own]) => [
      path,
      Object.fromEntries([...own].map(([name, value]) => [name, Buffer.from(value).toString('hex')])),
    ]),
  );

describe('what getfattr prints', () => {
  it('is read with its escapes; only user attributes count', () => {
    const found: HostAttributes = new Map();
    parseGetfattr(
      [
        '# file: /a/b\\040c\\012d\\303\\251',
        'security.selinux=0x00',
        'user.k=0x00ff',
        'user.empty=0x',
        'user.none=""',
        'user.bare',
        'user.with\\075sign=0x41',
        '',
        '# file: /z',
        'user.com.apple.quarantine=0x01',
        '',
      ].join('\n'),
      found,
    );
    expect(plain(found)).toEqual({ '/a/b c\nd\u00e9': { k: '00ff', empty: '', none: '', bare: '', 'with=sign': '41' } });
  });
});

describe('what xattr prints on a Mac', () => {
  const dump = (hex: string) =>
    hex
      .match(/.{1,32}/g)!
      .map(
        (row, index) =>
          `${(index * 16).toString(16).padStart(8, '0')}  ${row.match(/../g)!.join(' ').padEnd(47)}  |${'.'.repeat(row.length / 2)}|`,
      );

  it('is read for several files and for one, with and without the closing offset', () => {
    const info = `54455854${'00'.repeat(28)}`;
    const found: HostAttributes = new Map();
    const several = [
      '/a: b: com.apple.FinderInfo:',
      ...dump(info),
      '00000020',
      '/a: b: com.apple.provenance:',
      ...dump('0102'),
      '/c: k:',
      ...dump('ff'),
      '/c: empty:',
      '',
    ];
    parseXattr(several.join('\n'), ['/a: b', '/c'], found);
    expect(plain(found)).toEqual({ '/a: b': { 'com.apple.FinderInfo': info }, '/c': { k: 'ff', empty: '' } });
    const one: HostAttributes = new Map();
    parseXattr(['k:', ...dump('0a0b'), ''].join('\n'), ['/c'], one);
    expect(plain(one)).toEqual({ '/c': { k: '0a0b' } });
  });
});
