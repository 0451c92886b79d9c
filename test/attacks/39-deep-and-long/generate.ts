import * as der from '../../../src/pki/der-write.ts';
import { sealed, signed } from '../../support/attacked-image.ts';
import { withCms } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

/** In an area that has room for it. */
const message = async (cms: Uint8Array): Promise<Uint8Array> =>
  withCms({ ...sealed, bytes: await signed({}, { dressing: new Uint8Array() }) }, cms);

export const cases: Cases = {
  'nesting without end': () => message(Array.from({ length: 5000 }).reduce<Uint8Array>((inner) => der.sequence(inner), new Uint8Array())),
  'an identifier of 60,000 octets': () => message(der.sequence(der.element(6, new Uint8Array(60_000).fill(0x81), Uint8Array.of(1)))),
  'NULLs without end': () => message(der.sequence(new Uint8Array(60_000).map((_, index) => (index % 2 ? 0 : 5)))),
};
