import { bytes, intermediate } from '../../support/attacked-image.ts';
import { type ListRecipe, makeList } from '../../support/revocations.ts';
import type { Cases } from '../kit.ts';
import { type Forged, leaf, root, STAMPED } from '../kit.ts';

const revoked = (recipe: Partial<ListRecipe>): Forged => ({
  image: bytes,
  files: { 'list.crl': makeList({ issuer: intermediate, thisUpdate: Date.UTC(2025, 0) / 1000, ...recipe }) },
});

export const cases: Cases = {
  'by a list of the authority': () => revoked({ entries: [{ serial: leaf.certificate.serial }] }),
  'by an old list, for a compromise': () => revoked({ entries: [{ serial: leaf.certificate.serial, reason: 1 }], thisUpdate: STAMPED }),
  'a list that is stale, where a fresh one is asked for': () => revoked({ thisUpdate: STAMPED }),
  'no list, where a fresh one is asked for': () => revoked({}),
  'a list of another authority, where a fresh one is asked for': () => revoked({ issuer: root }),
};
