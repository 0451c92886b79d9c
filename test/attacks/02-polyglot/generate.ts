import { ascii, bytes, joined, places, signed, withStranger, withToken, zip } from '../../support/attacked-image.ts';
import { altered, inserted } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'a ZIP archive after the trailer': () => joined(bytes, zip(0)),
  'a ZIP archive before the trailer': () => inserted(bytes, places.trailer, zip(512)),
  'a second trailer after the first': () => joined(bytes, bytes.subarray(-512)),
  'an ISO 9660 volume before everything': () => joined(new Uint8Array(32_769), ascii('CD001'), bytes),
  'an ISO 9660 volume in a data fork that the publisher signed': () =>
    signed({}, { fork: altered(new Uint8Array(65_536), (copy) => copy.set(ascii('CD001'), 32_769)) }),
  "a ZIP archive in a stranger's certificate": () => withStranger(zip(10_000)),
  'a ZIP archive in a timestamp': () => withToken(zip(10_000)),
};
