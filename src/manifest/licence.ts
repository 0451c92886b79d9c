/** The licence that a DMG shows before it opens: which files it is in, and for whom. */
import { DisksealError } from '../core/errors.ts';
import { type Region, regionOf } from '../formats/licence/region.ts';
import type { ManifestInput } from './schema.ts';
import type { Faults, KeyPath, SourceMap } from './source-map.ts';

/** One language's licence, still in its file. */
export interface LicenceFile {
  readonly region: Region;
  /** As written, relative to the manifest. */
  readonly path: string;
  /** Where it stands in the manifest. */
  readonly place: KeyPath;
}

/** @returns the one for everybody else first */
export function settleLicence({ license, licenseDefault }: ManifestInput, source: SourceMap, faults: Faults): readonly LicenceFile[] {
  if (license === undefined) return [];
  const named = typeof license === 'string' ? [[licenseDefault ?? 'en_US', license] as const] : Object.entries(license);
  const files = named.flatMap(([name, path]) => {
    const place = typeof license === 'string' ? ['license'] : ['license', name];
    const region = regionAt(name, place, source, faults);
    return region ? [{ region, path, place }] : [];
  });
  const twice = files.find(({ region }, index) => files.findIndex((other) => other.region.code === region.code) < index);
  if (twice) faults.add(source.fault(`${twice.region.locale} has two licences`, source.place(twice.place)));
  if (licenseDefault === undefined) return files;
  const chosen = regionAt(licenseDefault, ['licenseDefault'], source, faults);
  const first = files.find(({ region }) => region.code === chosen?.code);
  if (chosen && !first) {
    faults.add(
      source.fault(`there is no licence for ${chosen.locale}`, source.place(['licenseDefault']), 'it is one of those under "license"'),
    );
  }
  return first ? [first, ...files.filter((file) => file !== first)] : files;
}

function regionAt(name: string, place: KeyPath, source: SourceMap, faults: Faults): Region | undefined {
  try {
    return regionOf(name);
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    faults.add(source.fault(error.message, source.place(place), error.hint));
    return undefined;
  }
}
