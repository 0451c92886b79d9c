/**
 * What the Finder remembers about a folder's window, as settings with names, and the records of a .DS_Store that say it. Source:
 * files that the Finder wrote (see docs/finder.md). The background picture is named by an alias in `icvp` alone: a bookmark beside
 * it (`pBBk`) leaves the window blank on macOS 26.2. Left out: tabs, the gallery, columns of the list view that the Finder adds.
 */
import { readBinaryPlist, writeBinaryPlist } from '../plist/binary-plist.ts';
import type { PlistDict, PlistValue } from '../plist/value.ts';
import type { StoreRecord } from './ds-store/record.ts';

/** In points. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export const VIEWS = ['icon', 'list', 'column'] as const;
export type View = (typeof VIEWS)[number];

/** The Finder's own words. */
export const ARRANGEMENTS = [
  'none',
  'grid',
  'name',
  'kind',
  'dateLastOpened',
  'dateAdded',
  'dateModified',
  'dateCreated',
  'size',
  'label',
] as const;
export type Arrangement = (typeof ARRANGEMENTS)[number];

/** Each from 0 to 1. */
export interface Color {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

/** Points and, for what is shown, whether it is. */
export interface FinderWindow {
  /** Of the window's lower left corner, counted from that of the main screen. */
  readonly position: Point;
  /** Of what is within the frame: the background picture fills it. */
  readonly size: { readonly width: number; readonly height: number };
  readonly view: View;
  readonly iconSize: number;
  readonly textSize: number;
  readonly labelPosition: 'bottom' | 'right';
  readonly arrangeBy: Arrangement;
  readonly gridSpacing: number;
  readonly scrollPosition: Point;
  readonly showSidebar: boolean;
  readonly showToolbar: boolean;
  readonly showPathBar: boolean;
  readonly showStatusBar: boolean;
  readonly backgroundColor?: Color | undefined;
}

/** Height of a title bar without toolbar, which the stored height includes. Points, since macOS 11; it was 22 before. */
export const TITLE_BAR = 28;
/** What the Finder's own windows have. */
const SIDEBAR_WIDTH = 180;
const VIEW_CODES: Record<View, string> = { icon: 'icnv', list: 'Nlsv', column: 'clmv' };
const WHITE: Color = { red: 1, green: 1, blue: 1 };
const BackgroundType = { none: 0n, color: 1n, picture: 2n } as const;
/** Finder's widths of the columns of a list, and whether they are shown and sort upwards. */
const COLUMNS = [
  ['name', 300, true, true],
  ['dateModified', 181, true, false],
  ['dateCreated', 181, false, false],
  ['size', 97, true, false],
  ['kind', 115, true, true],
  ['label', 100, false, true],
  ['version', 75, false, true],
  ['comments', 300, false, true],
] as const;

/**
 * The records of the folder itself.
 * @param background - an alias to the background picture
 */
export function windowRecords(window: FinderWindow, background?: Uint8Array): StoreRecord[] {
  const view = VIEW_CODES[window.view];
  return [
    plistRecord('bwsp', browserWindow(window)),
    { name: '.', code: 'icvl', data: { type: 'type', value: view } },
    plistRecord('icvp', iconView(window, background)),
    ...(window.view === 'list' ? [plistRecord('lsvp', listView(window))] : []),
    { name: '.', code: 'vSrn', data: { type: 'long', value: 1 } },
    { name: '.', code: 'vstl', data: { type: 'type', value: view } },
  ];
}

function plistRecord(code: string, value: PlistDict): StoreRecord {
  return { name: '.', code, data: { type: 'blob', value: writeBinaryPlist(value) } };
}

function browserWindow(window: FinderWindow): PlistDict {
  const { position, size, showSidebar } = window;
  return new Map<string, PlistValue>([
    ['ContainerShowSidebar', showSidebar],
    ['ShowPathbar', window.showPathBar],
    ['ShowSidebar', showSidebar],
    ['ShowStatusBar', window.showStatusBar],
    ['ShowTabView', false],
    ['ShowToolbar', window.showToolbar],
    ['SidebarWidth', BigInt(SIDEBAR_WIDTH)],
    ['WindowBounds', `{{${position.x}, ${position.y}}, {${size.width}, ${size.height + TITLE_BAR}}}`],
  ]);
}

function iconView(window: FinderWindow, background: Uint8Array | undefined): PlistDict {
  const { scrollPosition, backgroundColor } = window;
  const type = background ? 'picture' : backgroundColor ? 'color' : 'none';
  const { red, green, blue } = backgroundColor ?? WHITE;
  return new Map<string, PlistValue>([
    ['arrangeBy', window.arrangeBy],
    ['backgroundColorBlue', blue],
    ['backgroundColorGreen', green],
    ['backgroundColorRed', red],
    ...(background ? ([['backgroundImageAlias', background]] as const) : []),
    ['backgroundType', BackgroundType[type]],
    ['gridOffsetX', 0],
    ['gridOffsetY', 0],
    ['gridSpacing', window.gridSpacing],
    ['iconSize', window.iconSize],
    ['labelOnBottom', window.labelPosition === 'bottom'],
    ['scrollPositionX', scrollPosition.x],
    ['scrollPositionY', scrollPosition.y],
    ['showIconPreview', true],
    ['showItemInfo', false],
    ['textSize', window.textSize],
    ['viewOptionsVersion', 1n],
  ]);
}

/** Icons of a list are small or large. */
const LARGE_LIST_ICON = 32;
const SMALL_LIST_ICON = 16;

function listView({ iconSize, textSize, scrollPosition, arrangeBy }: FinderWindow): PlistDict {
  const columns = COLUMNS.map(([identifier, width, visible, ascending], index) => {
    const column = new Map<string, PlistValue>([
      ['ascending', ascending],
      ['identifier', identifier],
      ['index', BigInt(index)],
      ['visible', visible],
      ['width', BigInt(width)],
    ]);
    return [identifier, column] as const;
  });
  const sorted = COLUMNS.find(([identifier]) => identifier === arrangeBy)?.[0] ?? 'name';
  return new Map<string, PlistValue>([
    ['calculateAllSizes', false],
    ['columns', new Map<string, PlistValue>(columns)],
    ['iconSize', iconSize >= LARGE_LIST_ICON ? LARGE_LIST_ICON : SMALL_LIST_ICON],
    ['scrollPositionX', scrollPosition.x],
    ['scrollPositionY', scrollPosition.y],
    ['showIconPreview', true],
    ['sortColumn', sorted],
    ['textSize', textSize],
    ['useRelativeDates', true],
    ['viewOptionsVersion', 1n],
  ]);
}

const PLACE_SIZE = 16;

/** Where the middle of an item's icon is, counted from the upper left corner of what the window shows. */
export function placeRecord(name: string, { x, y }: Point): StoreRecord {
  const value = new Uint8Array(PLACE_SIZE);
  const view = new DataView(value.buffer);
  view.setInt32(0, x);
  view.setInt32(4, y);
  // What the Finder puts behind the place.
  view.setUint32(8, 0xffff_ffff);
  view.setUint32(12, 0xffff_0000);
  return { name, code: 'Iloc', data: { type: 'blob', value } };
}

/** What a .DS_Store says about a window and the items in it; what it does not say is absent. */
export interface StoredWindow {
  /** As it is stored: the height with the title bar. */
  readonly bounds?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | undefined;
  readonly view?: string | undefined;
  /** The two property lists as they are. */
  readonly browser?: PlistDict | undefined;
  readonly icons?: PlistDict | undefined;
  readonly places: ReadonlyMap<string, Point>;
}

/** Reads what `windowRecords` and `placeRecord` write, and the Finder. @throws DisksealError `E_PLIST` */
export function readWindow(records: readonly StoreRecord[]): StoredWindow {
  const own = (code: string) => records.find((record) => record.name === '.' && record.code === code)?.data;
  const dict = (code: string): PlistDict | undefined => {
    const data = own(code);
    const value = data?.type === 'blob' ? readBinaryPlist(data.value) : undefined;
    return value instanceof Map ? value : undefined;
  };
  const style = own('vstl') ?? own('icvl');
  const browser = dict('bwsp');
  const places = records.flatMap(({ name, code, data }) => {
    const place = code === 'Iloc' && data.type === 'blob' ? readPlace(data.value) : undefined;
    return place ? [[name, place] as const] : [];
  });
  return {
    bounds: readBounds(browser?.get('WindowBounds')),
    view: style?.type === 'type' ? style.value : undefined,
    browser,
    icons: dict('icvp'),
    places: new Map(places),
  };
}

/** Nothing when it is too short to be one. */
export function readPlace(value: Uint8Array): Point | undefined {
  if (value.length < 8) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return { x: view.getInt32(0), y: view.getInt32(4) };
}

const NUMBER = String.raw`\s*(-?\d{1,9}(?:\.\d{1,9})?)\s*`;
const BOUNDS = new RegExp(`^\\{\\{${NUMBER},${NUMBER}\\},\\s*\\{${NUMBER},${NUMBER}\\}\\}$`);

function readBounds(value: PlistValue | undefined): StoredWindow['bounds'] {
  const found = typeof value === 'string' ? BOUNDS.exec(value) : null;
  if (!found) return undefined;
  const [x, y, width, height] = found.slice(1).map(Number);
  return { x: x!, y: y!, width: width!, height: height! };
}
