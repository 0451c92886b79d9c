/** Which views a planned volume has. Both `format` and `project` ask here, so they cannot disagree. */
import { JOLIET_NAME, type Level, LONG_JOLIET_NAME } from './identifiers.ts';
import { descriptorText } from './names.ts';
import { jolietNaming, type Naming, primaryNaming, utf16 } from './planned/tree-names.ts';
import type { Warn } from './stored-metadata.ts';

export interface ViewsOptions {
  /** Names of the primary tree: 1 for 8 and 3 characters, 2 and 3 for 30. Files over 4 GiB need 3. Default: 3. */
  readonly level?: Level | undefined;
  /** Names, modes, owners, links and dates as POSIX has them. Default: true. */
  readonly rockRidge?: boolean | undefined;
  /** A second tree, with names for Windows: of 64 characters, or as long as systems read them (103). Default: true. */
  readonly joliet?: boolean | 'long' | undefined;
}

export interface ChosenViews {
  readonly level: Level;
  readonly isRockRidge: boolean;
  readonly primary: Naming;
  readonly joliet: Naming | undefined;
}

export function chosenViews({ level = 3, rockRidge = true, joliet = true }: ViewsOptions): ChosenViews {
  return {
    level,
    isRockRidge: rockRidge,
    primary: primaryNaming(level, rockRidge),
    joliet: joliet === false ? undefined : jolietNaming(joliet === 'long' ? LONG_JOLIET_NAME : JOLIET_NAME),
  };
}

/**
 * A text in a descriptor: printable ASCII, or UTF-16 for Joliet; filled with spaces.
 * @param what - named when the text does not fit and is cut
 */
export function descriptorField(text: string, size: number, isJoliet: boolean, what: string, warn?: Warn): Uint8Array {
  const longest = isJoliet ? Math.floor(size / 2) : size;
  const plain = isJoliet ? text : Array.from(text, (character) => (/^[ -~]$/.test(character) ? character : '_')).join('');
  if (plain.length > longest)
    warn?.(`the ${what} has ${plain.length} characters, ${isJoliet ? 'Joliet' : 'ISO 9660'} holds ${longest}`, '');
  const field = new Uint8Array(size);
  const filled = plain.slice(0, longest).padEnd(longest, ' ');
  field.set(isJoliet ? utf16(filled) : Uint8Array.from(filled, (character) => character.charCodeAt(0)));
  return field;
}

export const VOLUME_NAME_SIZE = 32;

/** The volume's name as it is read back. */
export function projectedVolumeName(name: string, isJoliet: boolean): string {
  return descriptorText(descriptorField(name, VOLUME_NAME_SIZE, isJoliet, 'name of the volume'), isJoliet);
}
