/** What a volume gets for the Finder beside its contents. */
import type { FinderWindow, Point } from './window.ts';

export interface Dressing {
  readonly window?: DressedWindow | undefined;
  /** An `.icns` file. */
  readonly volumeIcon?: Uint8Array | undefined;
}

export interface DressedWindow extends FinderWindow {
  readonly background?: BackgroundFile | undefined;
  /** Of items of the root, by name. */
  readonly places: ReadonlyMap<string, Point>;
}

export interface BackgroundFile {
  /** `png`, `tiff` or `jpg`. */
  readonly extension: string;
  readonly bytes: Uint8Array;
}

/** Where the files go. A name with a dot in front is not shown; nothing more is needed. */
export const STORE_NAME = '.DS_Store';
export const BACKGROUND_FOLDER = '.background';
export const VOLUME_ICON_NAME = '.VolumeIcon.icns';
