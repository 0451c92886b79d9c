import * as der from '../../../src/pki/der-write.ts';
import { LONG_LIFE, makeCertificate, testKey } from '../../support/certificates.ts';
import type { Cases } from '../kit.ts';
import { certified, leaf, SUBJECT, sealedBy, signAnyhow, signedAnew } from '../kit.ts';

const alike = () => makeCertificate({ ...LONG_LIFE, subject: 'O=Demo,CN=Demo Root', key: testKey('p256', 'own root'), ca: true });

/** An EC key whose curve is spelled out: SEC 1, ECParameters. */
function explicitCurve(): Uint8Array {
  const field = der.sequence(der.oid('1.2.840.10045.1.1'), der.integer(23n));
  const curve = der.sequence(der.octetString(new Uint8Array(32)), der.octetString(new Uint8Array(32)));
  const parameters = der.sequence(der.integer(1), field, curve, der.octetString(new Uint8Array(65).fill(4)), der.integer(7n));
  const point = testKey('p256', 'attacker').spki.slice(-65);
  return der.sequence(der.sequence(der.oid('1.2.840.10045.2.1'), parameters), der.bitString(point));
}

export const cases: Cases = {
  'r and s are zero': () => signedAnew((content) => signAnyhow(content, leaf, { signature: der.sequence(der.integer(0), der.integer(0)) })),
  'r is one, s is one': () =>
    signedAnew((content) => signAnyhow(content, leaf, { signature: der.sequence(der.integer(1), der.integer(1)) })),
  'a curve given by its parameters': () => sealedBy(certified(SUBJECT, { spki: explicitCurve() })),
  'a root of the same name, of another key': () =>
    sealedBy(makeCertificate({ ...LONG_LIFE, subject: SUBJECT, key: testKey('p256', 'alike'), issuer: alike() })),
};
