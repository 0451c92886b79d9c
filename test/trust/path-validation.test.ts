/** The validation of a path by itself, its names and signatures being checked elsewhere: what is told, and where rules begin and end. */
import { describe, expect, test } from 'vitest';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { CODE_SIGNING, validatePath } from '../../src/trust/path-validation.ts';
import { extension, type Made, makeCertificate, NOW, nameOf, type Recipe, sha256, testKey } from '../support/certificates.ts';

const SHA1 = der.sequence(der.oid('1.2.840.10045.4.1'));
const root = (recipe: Partial<Recipe> = {}): Made =>
  makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), ca: true, ...recipe });
const authority = (recipe: Partial<Recipe> = {}): Made =>
  makeCertificate({ subject: 'CN=CA', key: testKey('p256', 'ca'), ca: true, issuer: root(), ...recipe });
const signer = (recipe: Partial<Recipe> = {}): Made =>
  makeCertificate({ subject: 'CN=Signer', key: testKey('p256'), issuer: authority(), ...recipe });

const faults = (...path: Made[]) =>
  validatePath({ path: path.map(({ certificate }) => certificate), at: NOW, tolerance: 0, purpose: CODE_SIGNING });
const said = (...path: Made[]): string[] => faults(...path).map(({ code, message }) => `${code} ${message}`);

test('a good path has no faults', () => expect(faults(signer(), authority(), root())).toEqual([]));

describe('attack 35: a weak signature', () => {
  test('counts on every certificate but the anchor, whose own proves nothing', () => {
    const weak = 'is signed with ecdsa-with-SHA1, which is not accepted';
    expect(said(signer({ algorithm: SHA1 }), authority(), root())).toEqual([`E_WEAK CN=Signer ${weak}`]);
    expect(said(signer(), authority({ algorithm: SHA1 }), root())).toEqual([`E_WEAK CN=CA ${weak}`]);
    expect(said(signer(), authority(), root({ algorithm: SHA1 }))).toEqual([]);
    expect(said(signer({ algorithm: SHA1 }))).toEqual([]);
  });

  test('an RSA key of 2048 bits does for an authority and not for a signer', () => {
    const key = testKey('rsa2048', 'small');
    expect(said(signer({ issuer: authority({ key }) }), authority({ key }), root())).toEqual([]);
    expect(said(signer({ key }), authority(), root())).toEqual([expect.stringMatching(/^E_WEAK CN=Signer has an RSA key of 2048 bits/)]);
  });
});

test('a certificate that names no issuer', () => {
  // Nobody else could have made it but one without a name.
  const nameless = makeCertificate({ subject: '', key: testKey('p256', 'nobody'), ca: true });
  expect(said(signer({ issuer: nameless }), root())).toContain('E_UNTRUSTED CN=Signer names no issuer');
});

describe('qualifiers of a critical policy', () => {
  const policies = (...qualifiers: string[][]): Made => {
    const infos = qualifiers.map((types, index) => {
      const list = types.map((type) =>
        der.sequence(der.oid(type), type === OID.policyQualifierCps ? der.ia5String('https://x/') : der.sequence()),
      );
      return der.sequence(der.oid(`1.2.3.${index}`), ...(list.length > 0 ? [der.sequence(...list)] : []));
    });
    return signer({ extensions: { x: extension(OID.certificatePolicies, der.sequence(...infos), true) } });
  };
  const [cps, notice] = [OID.policyQualifierCps, OID.policyQualifierUserNotice];
  const unknown = ['E_UNTRUSTED CN=Signer has a critical policy with a qualifier that is not understood'];

  test('each of the two known ones is understood', () => {
    for (const good of [policies([]), policies([cps]), policies([notice]), policies([cps, notice]), policies([cps], [notice])])
      expect(said(good, authority(), root())).toEqual([]);
  });
  test('one unknown among them is not', () => {
    for (const bad of [
      policies(['1.2.9']),
      policies([cps, '1.2.9']),
      policies(['1.2.9', cps]),
      policies([cps], ['1.2.9']),
      policies(['1.2.9'], []),
    ])
      expect(said(bad, authority(), root())).toEqual(unknown);
  });
});

describe('an authorityKeyIdentifier with issuer and serial number', () => {
  const identifier = (serial: Uint8Array): Made => {
    const key = der.implicit(0, der.octetString(sha256(testKey('p256', 'ca').spki).subarray(0, 20)));
    const names = der.element(0xa1, der.explicit(4, nameOf('CN=Root')));
    const value = der.sequence(key, names, der.element(0x82, serial));
    return signer({ extensions: { [OID.authorityKeyIdentifier]: extension(OID.authorityKeyIdentifier, value) } });
  };
  test('must name the certificate above', () => {
    const above = authority({ serial: 77n });
    expect(said(identifier(Uint8Array.of(77)), above, root())).toEqual([]);
    expect(said(identifier(Uint8Array.of(78)), above, root())).toEqual(['E_UNTRUSTED CN=Signer names another certificate as its issuer']);
  });
});

describe('name constraints', () => {
  const permits = (name: string, recipe: Partial<Recipe> = {}): Made => {
    const subtree = der.sequence(der.explicit(4, nameOf(name)));
    const value = der.sequence(der.implicit(0, der.sequence(subtree)));
    return authority({ ...recipe, extensions: { x: extension(OID.nameConstraints, value, true) } });
  };
  const broken = (subject: string): string =>
    `E_UNTRUSTED ${subject} breaks the name constraints of CN=CA: the name ${subject} is not permitted`;

  test('hold for every certificate below', () => {
    expect(said(signer(), permits('CN=Signer'), root())).toEqual([]);
    expect(said(signer(), permits('O=Other'), root())).toEqual([broken('CN=Signer')]);
    const middle = makeCertificate({ subject: 'CN=Middle', key: testKey('p256', 'middle'), ca: true, issuer: permits('CN=Signer') });
    expect(said(signer({ issuer: middle }), middle, permits('CN=Signer'), root())).toEqual([broken('CN=Middle')]);
  });
  test('not for the authority itself', () => expect(said(signer(), permits('CN=Signer'), root())).toEqual([]));
  test('nor for a self-issued one below it, unless that is the first', () => {
    const own = permits('CN=Signer', { subject: 'CN=Self', key: testKey('p256', 'old self') });
    const renewed = makeCertificate({ subject: 'CN=Self', key: testKey('p256', 'new self'), ca: true, issuer: own });
    expect(said(signer({ issuer: renewed }), renewed, own)).toEqual([]);
    const first = makeCertificate({ subject: 'CN=Self', key: testKey('p256', 'new self'), issuer: own });
    expect(said(first, own)).toEqual(['E_UNTRUSTED CN=Self breaks the name constraints of CN=Self: the name CN=Self is not permitted']);
  });
});

test('what can be done is told with openssl’s own words', () => {
  const without = (oid: string, more: Partial<Recipe> = {}): Partial<Recipe> => ({ ...more, extensions: { [oid]: undefined } });
  const hints = (...path: Made[]): (string | undefined)[] => faults(...path).map(({ hint }) => hint);
  const anew = (words: string): string => `the certificate must be issued anew, with openssl as ${words} in its extensions`;
  expect(hints(signer(without(OID.keyUsage)), authority(), root())).toEqual([anew('keyUsage=critical,digitalSignature')]);
  expect(hints(signer(without(OID.extendedKeyUsage)), authority(), root())).toEqual([anew('extendedKeyUsage=codeSigning')]);
  expect(hints(signer(without(OID.authorityKeyIdentifier)), authority(), root())).toEqual([anew('authorityKeyIdentifier=keyid')]);
  expect(hints(signer(), authority(without(OID.keyUsage)), root())).toEqual([anew('keyUsage=critical,keyCertSign,cRLSign')]);
  expect(hints(signer(), authority(without(OID.subjectKeyIdentifier)), root())).toEqual([anew('subjectKeyIdentifier=hash')]);
  const weak = { extensions: { [OID.basicConstraints]: extension(OID.basicConstraints, der.sequence(der.boolean(true))) } };
  expect(hints(signer(), authority(weak), root())).toEqual([anew('basicConstraints=critical,CA:TRUE')]);
});
