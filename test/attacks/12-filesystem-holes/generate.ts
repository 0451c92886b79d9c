import { readFileSync } from 'node:fs';
import type { Cases } from '../kit.ts';

const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../vectors/${name}`, import.meta.url)));
const vector = (name: string) => ({ image: read(name), files: { 'vectors.pem': read('root.pem') } });

export const cases: Cases = {
  'a catalog that is damaged': () => vector('E_HFSPLUS.catalog.dmg'),
  'a volume that is cut': () => vector('E_HFSPLUS.cut-volume.dmg'),
  'a partition map that is damaged': () => vector('E_PARTITION.map.dmg'),
};
