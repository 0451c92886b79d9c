import { hole, koly, places, zip } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a ZIP archive that the trailer names exactly': () => hole(zip(512)),
  'masked bytes that name an empty hole': () => koly({ codeSignatureOffset: places.trailer }),
  'no length elsewhere': () => koly({ codeSignatureOffset: 5 }),
  'no offset': () => koly({ codeSignatureLength: 5 }),
  'over the property list': () => koly({ codeSignatureOffset: places.plist, codeSignatureLength: places.trailer - places.plist }),
  'over the seal': () => koly({ codeSignatureOffset: places.area, codeSignatureLength: places.trailer - places.area }),
  'in the data fork': () => koly({ codeSignatureOffset: 100, codeSignatureLength: 100 }),
  'one byte too long': () => hole(new Uint8Array(100), { codeSignatureLength: 101 }),
  'one byte too short': () => hole(new Uint8Array(100), { codeSignatureLength: 99 }),
};
