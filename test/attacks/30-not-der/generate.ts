import { cms, joined, sealed } from '../../support/attacked-image.ts';
import { at, BER_SPELLINGS, treeOf, write } from '../../support/der-tree.ts';
import { withCms } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';
import { reformed } from '../kit.ts';

function spelled(spelling: string, path: readonly number[]): Uint8Array {
  const top = treeOf(cms());
  return withCms(sealed, write(top, { node: at(top, ...path), spelling: BER_SPELLINGS[spelling] }));
}

export const cases: Cases = {
  'the whole of indefinite length': () => spelled('indefinite length', []),
  'a length with a zero before it': () => spelled('a length in one octet too many', [1]),
  'a constructed string': () => spelled('constructed and primitive exchanged', [1, 0, 2, 1, 0]),
  'the signature of indefinite length': () => spelled('indefinite length', [1, 0, 4, 0]),
  'a byte after the message': () => withCms(sealed, joined(cms(), new Uint8Array(1))),
  'certificates out of order': () => reformed((top) => void at(top, 1, 0, 3).children.reverse()),
};
