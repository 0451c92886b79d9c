import { bytes } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';
import { certified, sealedBy } from '../kit.ts';

export const cases: Cases = {
  'that begins with it': () => sealedBy(certified('O=Demo,CN=Demo Publisher Ltd')),
  'that holds it': () => sealedBy(certified('O=Demo,CN=x\\,CN=Demo Publisher')),
  'that ends with all of it': () => sealedBy(certified('O=Demo,CN=Demo Publisher,CN=Other')),
  'in another order': () => sealedBy(certified('CN=Demo Publisher,O=Demo')),
  'of letters that look the same': () => sealedBy(certified('O=Demo,CN=Dem\u043e Publisher')),
  'no publisher asked for': () => bytes,
};
