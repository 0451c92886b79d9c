import { bytes, joined, koly, places } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';
import { authority } from '../kit.ts';

export const cases: Cases = {
  'no footer': () => altered(bytes, (copy) => copy.fill(0, places.footer, places.plist)),
  'no seal, and a trailer that knows of none': () =>
    koly({ xmlOffset: places.area }, joined(bytes.subarray(0, places.area), bytes.subarray(places.plist))),
  'no header': () => altered(bytes, (copy) => copy.fill(0, places.area, places.area + 64)),
  'a seal beside the image that is not there': () => bytes.subarray(0, places.area),
  'no timestamp, where one is asked for': () => ({ image: bytes, files: { 'tsa.der': authority.root.bytes } }),
  'one signature, where two are asked for': () => bytes,
};
