import { bytes, joined, places } from '../../support/attacked-image.ts';
import { inserted } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

export const cases: Cases = {
  'one byte after the trailer': () => joined(bytes, new Uint8Array(1)),
  'a sector after the trailer': () => joined(bytes, new Uint8Array(512)),
  'a MiB after the trailer': () => joined(bytes, new Uint8Array(1 << 20).fill(7)),
  'one byte before everything': () => joined(new Uint8Array(1), bytes),
  'one byte between property list and trailer': () => inserted(bytes, places.trailer, new Uint8Array(1)),
};
