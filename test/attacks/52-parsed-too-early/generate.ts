import { ascii, bytes, pieces, places } from '../../support/attacked-image.ts';
import { LONG_LIFE, makeCertificate, testKey } from '../../support/certificates.ts';
import { altered } from '../../support/forged-seal.ts';
import { assembled } from '../../support/hostile-image.ts';
import type { Cases } from '../kit.ts';
import { SUBJECT } from '../kit.ts';

const stranger = () => makeCertificate({ ...LONG_LIFE, subject: SUBJECT, key: testKey('p256', 'attacker') });

export const cases: Cases = {
  'a property list that was changed': () => altered(bytes, (copy) => (copy[places.plist + 30] ^= 1)),
  'a volume of a stranger, in which nothing is right': () => assembled({ ...pieces, plist: ascii('<html/>') }, { by: stranger() }),
};
