import { parseBuffer } from 'bplist-parser';
import { describe, expect, test } from 'vitest';
import { compareFolded } from '../../src/formats/filesystems/hfsplus/names.ts';
import { describeRecords } from '../../src/formats/finder/ds-store/describe.ts';
import { readStore } from '../../src/formats/finder/ds-store/read.ts';
import type { RecordValue } from '../../src/formats/finder/ds-store/record.ts';
import { writeStore } from '../../src/formats/finder/ds-store/write.ts';
import { type FinderWindow, placeRecord, readWindow, windowRecords } from '../../src/formats/finder/window.ts';
import { writeBinaryPlist } from '../../src/formats/plist/binary-plist.ts';
import { corpus, corpusBytes } from '../support/corpus.ts';

const window: FinderWindow = {
  position: { x: 200, y: -40 },
  size: { width: 640, height: 400 },
  view: 'icon',
  iconSize: 112,
  textSize: 12.5,
  labelPosition: 'right',
  arrangeBy: 'none',
  gridSpacing: 54,
  scrollPosition: { x: 0, y: 12 },
  showSidebar: false,
  showToolbar: true,
  showPathBar: false,
  showStatusBar: true,
};

describe('the records of a window', () => {
  test('an independent reader of property lists sees the values that were given', () => {
    const records = windowRecords(window, Uint8Array.of(1, 2, 3));
    const values = Object.fromEntries(
      records.flatMap(({ code, data }) => (data.type === 'blob' ? [[code, parseBuffer(Buffer.from(data.value))[0] as object]] : [])),
    );
    expect(values).toEqual({
      bwsp: {
        ContainerShowSidebar: false,
        ShowPathbar: false,
        ShowSidebar: false,
        ShowStatusBar: true,
        ShowTabView: false,
        ShowToolbar: true,
        SidebarWidth: 180,
        WindowBounds: '{{200, -40}, {640, 428}}',
      },
      icvp: {
        arrangeBy: 'none',
        backgroundColorBlue: 1,
        backgroundColorGreen: 1,
        backgroundColorRed: 1,
        backgroundImageAlias: Buffer.of(1, 2, 3),
        backgroundType: 2,
        gridOffsetX: 0,
        gridOffsetY: 0,
        gridSpacing: 54,
        iconSize: 112,
        labelOnBottom: false,
        scrollPositionX: 0,
        scrollPositionY: 12,
        showIconPreview: true,
        showItemInfo: false,
        textSize: 12.5,
        viewOptionsVersion: 1,
      },
    });
  });
  test('sizes and colours are reals, kinds and versions integers, as the Finder writes them', () => {
    const { icons, browser } = readWindow(windowRecords({ ...window, backgroundColor: { red: 0.5, green: 1, blue: 0 } }));
    for (const key of ['iconSize', 'gridSpacing', 'backgroundColorRed', 'gridOffsetX', 'scrollPositionY'])
      expect(icons!.get(key), key).toBeTypeOf('number');
    for (const key of ['backgroundType', 'viewOptionsVersion']) expect(icons!.get(key), key).toBeTypeOf('bigint');
    expect(browser!.get('SidebarWidth')).toBe(180n);
    expect([icons!.get('backgroundType'), icons!.get('backgroundColorRed'), icons!.get('backgroundColorBlue')]).toEqual([1n, 0.5, 0]);
    expect(icons!.has('backgroundImageAlias')).toBe(false);
  });
  test('there is no bookmark of the picture: it leaves the window blank on macOS 26.2', () => {
    expect(windowRecords(window, new Uint8Array(10)).map(({ code }) => code)).not.toContain('pBBk');
  });
  test.each([
    ['icon', 'icnv'],
    ['list', 'Nlsv'],
    ['column', 'clmv'],
  ] as const)('the view %s is %s, in the record of old and new', (view, code) => {
    const records = windowRecords({ ...window, view, arrangeBy: 'size' });
    for (const name of ['icvl', 'vstl'])
      expect(records.find((record) => record.code === name)?.data).toEqual({ type: 'type', value: code });
    const list = records.find((record) => record.code === 'lsvp')?.data;
    expect(list !== undefined).toBe(view === 'list');
    if (list?.type !== 'blob') return;
    const [value] = parseBuffer<{ sortColumn: string; columns: Record<string, { index: number; visible: boolean }> }>(
      Buffer.from(list.value),
    );
    expect(value).toMatchObject({ sortColumn: 'size', textSize: 12.5, iconSize: 32 });
    expect(
      Object.values(value.columns)
        .map(({ index }) => index)
        .sort((a, b) => a - b),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(value.columns['comments'].visible).toBe(false);
  });
  test('go through a store and come back', () => {
    const places = [placeRecord('Hello.app', { x: 160, y: 190 }), placeRecord('left', { x: -20, y: 4000 })];
    const stored = readWindow(readStore(writeStore([...windowRecords(window), ...places], compareFolded)));
    expect(stored.bounds).toEqual({ x: 200, y: -40, width: 640, height: 428 });
    expect(stored.view).toBe('icnv');
    expect([...stored.places]).toEqual([
      ['Hello.app', { x: 160, y: 190 }],
      ['left', { x: -20, y: 4000 }],
    ]);
  });
});

const placed = (data: RecordValue): string => (data.type === 'blob' ? Buffer.from(data.value.subarray(0, 8)).toString('hex') : '');
const stores = corpus('finder').filter(({ file }) => /DS_Store/.test(file) && !file.includes('new_'));

describe('.DS_Store files of others', () => {
  test.each(stores.map(({ file }) => file))('%s: what we can represent is written back to the same records', (file) => {
    const records = readStore(corpusBytes(file));
    const { places, browser, icons } = readWindow(records);
    for (const { name, code, data } of records) {
      // What follows the place differs between versions of the Finder: zeros, or an index on the desktop that is not set.
      if (code === 'Iloc' && data.type === 'blob') expect(placed(placeRecord(name, places.get(name)!).data)).toBe(placed(data));
      if (code === 'vSrn' && name === '.') expect(windowRecords(window)).toContainEqual({ name, code, data });
    }
    for (const [code, list] of [
      ['bwsp', browser],
      ['icvp', icons],
    ] as const) {
      const data = records.find((record) => record.name === '.' && record.code === code)?.data;
      if (data?.type !== 'blob') continue;
      expect(parseBuffer(Buffer.from(writeBinaryPlist(list!)))).toEqual(parseBuffer(Buffer.from(data.value)));
      // Each setting of theirs is one of ours, of the same kind.
      const ours = readWindow(windowRecords(window, new Uint8Array(1)));
      for (const key of list!.keys()) expect((code === 'bwsp' ? ours.browser : ours.icons)!.has(key), key).toBe(true);
    }
  });
  test.runIf(stores.length > 0)('what the Finder wrote in 2012, in words', () => {
    const described = describeRecords(readStore(corpusBytes('finder/osxspell-dmg_DS_Store')));
    expect(described).toHaveLength(23);
    expect(described.find(({ code }) => code === 'icvp')).toMatchObject({
      about: 'icon view',
      value: {
        arrangeBy: 'none',
        backgroundType: 2,
        backgroundImageAlias: { path: '/.background/background.jpg', volumeCreated: '2010-07-21T19:35:27Z' },
      },
    });
    expect(described.filter(({ name }) => name === 'Services').map(({ value }) => value)).toEqual([
      { x: 423, y: 153 },
      1555818,
      '2012-03-18T13:10:04Z',
      '2012-03-18T13:10:04Z',
      1560576,
    ]);
  });
  test('older records, and damaged ones, in words', () => {
    const blob = (code: string, hex: string) =>
      ({ name: '.', code, data: { type: 'blob', value: Uint8Array.from(Buffer.from(hex, 'hex')) } }) as const;
    const text = (value: string): string => Buffer.from(value, 'latin1').toString('hex');
    const values = describeRecords([
      blob('fwi0', `007800c801e003e0${text('icnv')}00000000`),
      blob('BKGD', `${text('ClrB')}ffff8000000000000000`),
      blob('BKGD', `${text('PctB')}0000010200000000`),
      blob('BKGD', `${text('DefB')}0000000000000000`),
      blob('icvo', `${text('icv4')}0060${text('nonebotm')}0000`),
      blob('icvp', `${text('bplist00')}ff`),
      blob('Iloc', '0000'),
      { name: 'x', code: 'zzzz', data: { type: 'ustr', value: 'text' } },
    ]).map(({ value }) => value);
    expect(values).toEqual([
      { top: 120, left: 200, bottom: 480, right: 992, view: 'icnv' },
      { kind: 'color', red: 65535, green: 32768, blue: 0 },
      { kind: 'picture', length: 258 },
      { kind: 'none' },
      { iconSize: 96, arrangeBy: 'none', labelPosition: 'botm' },
      '62706c6973743030ff',
      '0000',
      'text',
    ]);
  });
});
