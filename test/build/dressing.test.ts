/** A window, places and a volume icon: in the DMG and the raw image and not in the ISO image, whose content is the same. */
import { describe, expect, test } from 'vitest';
import { dressTree } from '../../src/build/dressing.ts';
import { find } from '../../src/core/file-tree.ts';
import { format } from '../../src/formats/filesystems/hfsplus/format.ts';
import { open } from '../../src/formats/filesystems/hfsplus/open.ts';
import { readAlias } from '../../src/formats/finder/alias.ts';
import type { DressedWindow } from '../../src/formats/finder/dressing.ts';
import { readStore } from '../../src/formats/finder/ds-store/read.ts';
import { describeFinderInfo } from '../../src/formats/finder/finder-info.ts';
import { readWindow } from '../../src/formats/finder/window.ts';
import { file, folder, NEW_YEAR, tree } from '../support/memory-tree.ts';

const window: DressedWindow = {
  position: { x: 200, y: 240 },
  size: { width: 640, height: 400 },
  view: 'icon',
  iconSize: 96,
  textSize: 12,
  labelPosition: 'bottom',
  arrangeBy: 'none',
  gridSpacing: 100,
  scrollPosition: { x: 0, y: 0 },
  showSidebar: false,
  showToolbar: false,
  showPathBar: false,
  showStatusBar: false,
  background: { extension: 'png', bytes: new Uint8Array(5000).fill(7) },
  places: new Map([['Grüße/2.app'.replace('/', ':'), { x: 10, y: 20 }]]),
};

async function volume() {
  const contents = tree('Volume', [folder('Grüße:2.app', [file('a', 'x')]), file('.hidden', 'y'), file('z', 'z')]);
  const dressed = await dressTree(contents, { window, volumeIcon: new Uint8Array(100) }, NEW_YEAR);
  const planned = await format(dressed.tree, { volumeId: 7n, created: NEW_YEAR, opensRoot: true });
  dressed.finish(planned);
  return { planned, dressed, read: await open(planned) };
}

describe('the dressing of a volume', () => {
  test('is in it, and its alias names the ids and dates that the volume has', async () => {
    const { planned, read } = await volume();
    const store = await find(read, '.DS_Store');
    if (store?.type !== 'file') throw new Error('there is no .DS_Store');
    const stored = readWindow(readStore(await store.content.read(0, store.content.size)));
    const alias = readAlias(stored.icons!.get('backgroundImageAlias') as Uint8Array);
    const place = planned.locate('.background/background.png')!;
    expect(alias).toMatchObject({
      volumeName: 'Volume',
      volumeCreated: read.header.createDate,
      fileId: place.cnid,
      parentId: planned.locate('.background')!.cnid,
      path: '/.background/background.png',
      otherTags: [],
    });
    expect(place.folders).toEqual([alias.parentId, 2]);
    // HFS Plus holds names decomposed, with a slash where POSIX has a colon.
    expect(stored.places.get('Grüße/2.app'.normalize('NFD'))).toEqual({ x: 10, y: 20 });
    for (const name of ['.DS_Store', '.VolumeIcon.icns', '.background', '.hidden'])
      expect(stored.places.get(name)!.x, name).toBeGreaterThan(3000);
  });
  test('opens its window, and shows its icon', async () => {
    const { read } = await volume();
    expect(read.header.finderInfo[2]).toBe(2);
    expect(describeFinderInfo(read.root.finderInfo!).flags).toEqual(['customIcon']);
    expect(await find(read, '.VolumeIcon.icns')).toMatchObject({ type: 'file', mode: 0o644 });
  });
  test('is the same each time', async () => {
    const [one, two] = await Promise.all([volume(), volume()]);
    expect(await one.planned.read(0, one.planned.size)).toEqual(await two.planned.read(0, two.planned.size));
  });
  test('cannot be read before the volume is planned', async () => {
    const dressed = await dressTree(tree('V', []), { window }, NEW_YEAR);
    const store = await find(dressed.tree, '.DS_Store');
    await expect(store?.type === 'file' && store.content.read(0, 1)).rejects.toThrow(/before the volume was planned/);
  });
});
