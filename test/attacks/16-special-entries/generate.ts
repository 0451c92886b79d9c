import { leaf } from '../../support/attacked-image.ts';
import { sealedImage } from '../../support/forged-seal.ts';
import { assembled, piecesOf, withEntries } from '../../support/hostile-image.ts';
import { file, tree } from '../../support/memory-tree.ts';
import type { Cases } from '../kit.ts';

async function stated(listed: number, stored: number): Promise<Uint8Array> {
  const volume = tree('Modes', [file('run', 'x', { mode: stored })]);
  const made = piecesOf((await sealedImage(volume, leaf)).bytes);
  return assembled(
    withEntries(made, (all) => all.map((entry) => ({ ...entry, mode: listed }))),
    { by: leaf },
  );
}

export const cases: Cases = {
  'a file that is setuid in the volume only': () => stated(0o755, 0o4755),
  'a file that is setuid in the inventory only': () => stated(0o4755, 0o755),
};
