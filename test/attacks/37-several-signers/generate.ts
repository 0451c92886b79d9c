import { leaf, sealed, withStranger } from '../../support/attacked-image.ts';
import { at, treeOf, write } from '../../support/der-tree.ts';
import { altered, placesOf, withCms } from '../../support/forged-seal.ts';
import type { Cases } from '../kit.ts';
import { reformed } from '../kit.ts';

function spoilt(): Uint8Array {
  const image = withStranger(new Uint8Array(8));
  const { cms, slack } = placesOf(image);
  const top = treeOf(image.subarray(cms, slack));
  const infos = at(top, 1, 0, 4).children;
  const signature = infos.find((one) => Buffer.from(write(one)).includes('Stranger'))!.children.at(-1)!;
  signature.content = altered(signature.content, (copy) => (copy[20] ^= 1));
  infos.sort((left, right) => Buffer.compare(write(left), write(right)));
  return withCms(sealed, write(top));
}

export const cases: Cases = {
  'no signer': () => reformed((top) => void (at(top, 1, 0, 4).children = [])),
  'a stranger whose signature is wrong': () => spoilt(),
  'one key twice where two are asked for': () => withStranger(new Uint8Array(8), leaf.key),
};
