import { ascii, pieces, places, signed } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

const text = (): string => new TextDecoder().decode(pieces.plist);

export const cases: Cases = {
  'a data fork that begins later': () => signed({}, { koly: { dataForkOffset: 512 } }),
  'a data fork that holds the seal': () => signed({}, { koly: { dataForkLength: pieces.fork.length + 1 } }),
  'a resource fork in the seal': () => signed({}, { koly: { rsrcForkOffset: places.cms, rsrcForkLength: 100 } }),
  'a property list that leaves the image': () => signed({}, { koly: { xmlLength: 2 ** 53 - 1 } }),
  'several segments': () => signed({}, { koly: { segmentCount: 2 } }),
  'fewer sectors than the tables have': () => signed({}, { koly: { sectorCount: 1 } }),
  'a key twice': () => signed({}, { plist: ascii(text().replace('<key>plst</key>', '<key>blkx</key>')) }),
  'no property list': () => signed({}, { plist: ascii('<html/>') }),
};
