import { bytes, cms, joined, koly, leaf, places, sealed } from '../../support/attacked-image.ts';
import { altered, withCms } from '../../support/forged-seal.ts';
import { withMarks } from '../../support/hostile-image.ts';
import { sealedBeside } from '../../support/sealed-foreign.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a second footer in the slack': () => altered(bytes, (copy) => copy.set(bytes.subarray(places.footer, places.plist), places.slack)),
  'a second message in the slack': () => altered(bytes, (copy) => copy.set(cms(), places.slack)),
  'a second message in the first': () => withCms(sealed, joined(cms(), cms())),
  'a trailer that points before the file': () => koly({ xmlOffset: 0, xmlLength: places.trailer }),
  'an area that is larger than the file': () => withMarks(bytes, { areaSize: 2 ** 40 }),
  'a header at the footer': () => altered(bytes, (copy) => copy.set(bytes.subarray(places.area, places.area + 64), places.footer)),
  'its own area as a detached seal beside it': () => ({ image: bytes, files: { 'other.seal': bytes.slice(places.area, places.plist) } }),
  'a detached seal of another product beside it': async () => ({ image: bytes, files: { 'other.seal': await sealedBeside(bytes, leaf) } }),
};
