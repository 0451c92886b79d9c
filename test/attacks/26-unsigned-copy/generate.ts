import { ascii, bytes, places, signed } from '../../support/attacked-image.ts';
import { altered } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';

const found = (image: Uint8Array, text: string): number => Buffer.from(image).indexOf(text, places.cms);

export const cases: Cases = {
  'a statement that was changed after it was signed': () =>
    altered(bytes, (copy) => copy.set(ascii('com.example.hullo'), found(copy, 'com.example.hello'))),
  'a terminal escape in the version': () =>
    signed({ text: (told) => told.replace('"version":"6.6.6"', String.raw`"version":"\u001b[2J"`) }),
  'a text that turns round': () => signed({ text: (told) => told.replace('"version":"6.6.6"', '"version":"6\u202e6"') }),
};
