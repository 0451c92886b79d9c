/**
 * The dressing that a manifest describes: window, background picture and volume icon, their files read and checked. Faults name line
 * and column of what is to blame, as in `treeOf`.
 */
import { lstatSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { BACKGROUND_FOLDER, type Dressing, STORE_NAME, VOLUME_ICON_NAME } from '../formats/finder/dressing.ts';
import { type Background, backgroundOf, joinedBackground } from '../formats/finder/pictures/background.ts';
import { driveWith } from '../formats/finder/pictures/drive.ts';
import { ICON_SIZE, iconFrom, isIcns, readIcns } from '../formats/finder/pictures/icns.ts';
import { decodePng, isPng, type Pixels, readPngHeader } from '../formats/finder/pictures/png.ts';
import type { FinderWindow } from '../formats/finder/window.ts';
import { isInside, type Manifest } from './manifest.ts';
import { ManifestSchema, type WindowInput } from './schema.ts';
import { Faults, type KeyPath } from './source-map.ts';
import { realFolder } from './sources.ts';
import type { Host, Installer } from './tree.ts';
import { parseColor } from './window-schema.ts';

export interface DressingOptions extends Pick<Host, 'sourceFile'> {
  readonly platform: Platform;
  /** Told of what is odd and goes in all the same. */
  readonly warn?: (message: string) => void;
}

/** More than a picture for a window or an icon has. Bytes. */
const PICTURE_LIMIT = 256 << 20;
const DEFAULT_SIZE = { width: 640, height: 400 };
const RESERVED = [STORE_NAME, BACKGROUND_FOLDER, VOLUME_ICON_NAME];

/**
 * @returns nothing when the manifest asks for none
 * @throws DisksealError `E_MANIFEST` with line and column; further faults in `others`
 */
export async function dressingOf(manifest: Manifest, installer: Installer, options: DressingOptions): Promise<Dressing | undefined> {
  const dresser = new Dresser(manifest, options);
  const dressing = await dresser.dress(installer);
  dresser.faults.check();
  return dressing;
}

class Dresser {
  readonly faults = new Faults();
  readonly #manifest: Manifest;
  readonly #options: DressingOptions;

  constructor(manifest: Manifest, options: DressingOptions) {
    this.#manifest = manifest;
    this.#options = options;
  }

  async dress({ tree, places }: Installer): Promise<Dressing | undefined> {
    const { icon, badgeIcon } = this.#manifest.volume;
    // A place is of no use without a window that keeps it.
    const settings = this.#manifest.window ?? (places.size > 0 ? ManifestSchema.shape.window.parse({}) : undefined);
    const volumeIcon =
      icon !== undefined ? await this.#icon(icon, 'icon') : badgeIcon !== undefined ? await this.#icon(badgeIcon, 'badgeIcon') : undefined;
    const background = settings?.background === undefined ? undefined : await this.#background(settings.background);
    if (!settings && !volumeIcon) return undefined;
    for await (const { name } of tree.root.children()) {
      if (!RESERVED.includes(name) || (name !== VOLUME_ICON_NAME && !settings)) continue;
      this.#refuse(`${name} is made by the build, and among the contents there is one too`, ['contents'], 'leave it out with "exclude"');
    }
    const window = settings && { ...finderWindow(settings, background ?? DEFAULT_SIZE), background, places };
    return { window, volumeIcon };
  }

  async #background(name: string): Promise<Background | undefined> {
    const at: KeyPath = ['window', 'background'];
    const plain = await this.#read(name, at);
    if (!plain) return undefined;
    const retinaName = join(dirname(name), `${basename(name, extname(name))}@2x${extname(name)}`);
    const retina = this.#exists(retinaName) ? await this.#read(retinaName, at) : undefined;
    const { platform } = this.#options;
    if (retina && !(isPng(plain) && isPng(retina))) {
      const hint = 'save both as PNG, or give one TIFF that has both resolutions';
      return this.#refuse(`${name} and ${basename(retinaName)} cannot be joined: only two PNG files can`, at, hint);
    }
    const found = await this.#checked(retina ? retinaName : name, at, async () =>
      retina ? joinedBackground(plain, retina, platform) : backgroundOf(plain, platform),
    );
    for (const remark of found?.remarks ?? []) this.#options.warn?.(`${name}: ${remark}`);
    return found;
  }

  async #icon(name: string, key: 'icon' | 'badgeIcon'): Promise<Uint8Array | undefined> {
    const at: KeyPath = ['volume', key];
    const bytes = await this.#read(name, at);
    if (!bytes) return undefined;
    const { platform } = this.#options;
    return this.#checked(name, at, async () => {
      if (key === 'icon' && isIcns(bytes)) {
        readIcns(bytes);
        return bytes;
      }
      const picture = await iconPicture(bytes, platform);
      return iconFrom(key === 'badgeIcon' ? driveWith(picture) : picture, platform);
    });
  }

  /** What is wrong with a picture, said with its name. */
  async #checked<T>(name: string, at: KeyPath, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof DisksealError)) throw error;
      return this.#refuse(`${name}: ${error.message}`, at, error.hint);
    }
  }

  #exists(name: string): boolean {
    return lstatSync(resolve(this.#manifest.folder, name), { throwIfNoEntry: false }) !== undefined;
  }

  async #read(name: string, at: KeyPath): Promise<Uint8Array | undefined> {
    const { folder, allowOutside } = this.#manifest;
    const path = resolve(folder, name);
    if (!allowOutside && !isInside(realFolder(folder), join(realFolder(dirname(path)), basename(path)))) {
      return this.#refuse(`${name} lies outside the manifest’s folder`, at, 'move it inside, or build with --allow-outside');
    }
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (!stat) return this.#refuse(`${name}: there is no such file`, at, 'paths start at the manifest’s folder');
    if (!stat.isFile()) return this.#refuse(`${name} is not a file`, at);
    if (stat.size > BigInt(PICTURE_LIMIT)) return this.#refuse(`${name} is too large for a picture: ${stat.size} bytes`, at);
    const disk = this.#options.sourceFile(path, Number(stat.size), stat.mtimeNs);
    return this.#checked(name, at, () => disk.read(0, disk.size));
  }

  #refuse(message: string, at: KeyPath, hint?: string): undefined {
    const { source } = this.#manifest;
    this.faults.add(source.fault(message, source.place(at), hint));
  }
}

/** The pixels that an icon is made from: a PNG, or the largest picture of an icon file. */
async function iconPicture(bytes: Uint8Array, platform: Platform): Promise<Pixels> {
  const png = isIcns(bytes) ? readIcns(bytes).find(({ type }) => type === 'ic10')?.data : bytes;
  if (!png || !isPng(png)) {
    const hint = `give an .icns file, or a PNG of ${ICON_SIZE} by ${ICON_SIZE} pixels`;
    throw new DisksealError(
      'E_READ',
      isIcns(bytes) ? `it has no picture of ${ICON_SIZE} pixels as PNG` : 'it is neither an icon file nor a PNG',
      { hint },
    );
  }
  const { width, height } = readPngHeader(png, platform);
  if (width !== ICON_SIZE || height !== ICON_SIZE) {
    const message = `it has ${width} by ${height} pixels, icons are made from ${ICON_SIZE} by ${ICON_SIZE}`;
    throw new DisksealError('E_READ', message, { hint: 'smaller pictures would be blurred: export it larger, or give an .icns file' });
  }
  return decodePng(png, platform);
}

function finderWindow(settings: NonNullable<WindowInput>, natural: { readonly width: number; readonly height: number }): FinderWindow {
  const { background: _, backgroundColor, size, ...rest } = settings;
  return {
    ...rest,
    size: size ?? { width: natural.width, height: natural.height },
    ...(backgroundColor === undefined ? {} : { backgroundColor: parseColor(backgroundColor) }),
  };
}
