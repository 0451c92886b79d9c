/** The licence that a DMG asks for before it opens, as `inspect` shows it. */
import type { Disk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import { readKoly } from '../../formats/containers/udif/koly.ts';
import { readResources } from '../../formats/containers/udif/open.ts';
import { readLicence, type ShownLicence } from '../../formats/licence/read.ts';
import { grouped } from '../terminal/printable.ts';

/** Characters of the text that one line of the summary holds. */
const SHOWN = 60;

/** None when it asks for nothing, or what asks cannot be read. */
export async function licenceOf(image: Disk): Promise<ShownLicence[]> {
  try {
    return readLicence(await readResources(image, await readKoly(image)));
  } catch (error) {
    if (error instanceof DisksealError) return [];
    throw error;
  }
}

export function licenceLines(licences: readonly ShownLicence[]): [label: string, text: string][] {
  return licences.map(({ locale, regionCode, isDefault, text }, index) => {
    const whose = `${locale ?? `region ${regionCode}`}${isDefault ? ' (default)' : ''}`;
    const words = text.trim().replaceAll(/\s+/g, ' ');
    const start = words.length > SHOWN ? `${words.slice(0, SHOWN).trimEnd()}…` : words;
    return [index === 0 ? 'licence' : '', `${whose}, ${grouped(text.length)} characters: ${start}`];
  });
}
