import type { InventoryEntry } from '../../../src/seal/inventory.ts';
import { pieces, signed } from '../../support/attacked-image.ts';
import { withEntries } from '../../support/hostile-image.ts';
import type { Cases } from '../kit.ts';

const entries = (...paths: string[]) =>
  signed(
    {},
    withEntries(pieces, () => paths.map((path): InventoryEntry => ({ type: 'symlink', path, mode: 0o777, target: 'x' }))),
  );

export const cases: Cases = {
  'composed and decomposed': () => entries('caf\u00e9', 'cafe\u0301'),
  'upper and lower case': () => entries('hello', 'HELLO'),
};
