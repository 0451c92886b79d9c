import type { Cases } from '../kit.ts';
import { certified, EXPIRED, SUBJECT, sealedBy } from '../kit.ts';

export const cases: Cases = {
  'a signing time when the certificate was valid': () => sealedBy(certified(SUBJECT, EXPIRED)),
};
