import { leaf, sealed, signed } from '../../support/attacked-image.ts';
import { placesOf, sealedImage, withCms } from '../../support/forged-seal.ts';
import { piecesOf } from '../../support/hostile-image.ts';
import { file, tree } from '../../support/memory-tree.ts';
import type { Cases } from '../kit.ts';

const other = async (): Promise<Uint8Array> => (await sealedImage(tree('Other', [file('other', 'x')]), leaf)).bytes;

function cmsOf(image: Uint8Array): Uint8Array {
  const places = placesOf(image);
  return image.slice(places.cms, places.slack);
}

export const cases: Cases = {
  'the signatures of another image': async () => withCms(sealed, cmsOf(await other())),
  'the inventory of another image': async () => signed({}, { content: piecesOf(await other()).content }),
};
