import * as der from '../../../src/pki/der-write.ts';
import { OID } from '../../../src/pki/oids.ts';
import { extension, LONG_LIFE, type Made, makeCertificate, nameOf, type Recipe, testKey } from '../../support/certificates.ts';
import type { Cases } from '../kit.ts';
import { certified, root, SUBJECT, sealedBy } from '../kit.ts';

const authorityOf = (more: Partial<Recipe>): Made =>
  makeCertificate({ ...LONG_LIFE, subject: 'CN=Middle', key: testKey('p256', 'middle'), ca: true, issuer: root, ...more });
const below = (issuer: Made): Made =>
  makeCertificate({ ...LONG_LIFE, subject: 'CN=Below', key: testKey('p256', 'below'), ca: true, issuer });
const permitted = (name: string): Uint8Array => {
  const subtree = der.sequence(der.explicit(4, nameOf(name)));
  return extension(OID.nameConstraints, der.sequence(der.implicit(0, der.sequence(subtree))), true);
};

function circle(): Made {
  const first = makeCertificate({ ...LONG_LIFE, subject: 'CN=First', key: testKey('p256', 'first'), ca: true });
  const second = makeCertificate({ ...LONG_LIFE, subject: 'CN=Second', key: testKey('p256', 'second'), ca: true, issuer: first });
  return makeCertificate({ ...LONG_LIFE, subject: 'CN=First', key: testKey('p256', 'first'), ca: true, issuer: second });
}

export const cases: Cases = {
  'a path that is too long': () => sealedBy(certified(SUBJECT, { issuer: below(authorityOf({ pathLength: 0 })) })),
  'a name outside of the constraints': () =>
    sealedBy(certified(SUBJECT, { issuer: authorityOf({ extensions: { [OID.nameConstraints]: permitted('O=Other') } }) })),
  'an extension that must be understood': () =>
    sealedBy(certified(SUBJECT, { extensions: { '1.2.3.4': extension('1.2.3.4', der.nullValue(), true) } })),
  'two authorities that certify each other': () => sealedBy(certified(SUBJECT, { issuer: circle() })),
};
