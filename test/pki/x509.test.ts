import { describe, expect, test } from 'vitest';
import { DisksealError, type ErrorCode } from '../../src/core/errors.ts';
import { encodeSignatureAlgorithm, readAlgorithm, signatureAlgorithm } from '../../src/pki/algorithms.ts';
import { readDer } from '../../src/pki/der.ts';
import * as der from '../../src/pki/der-write.ts';
import { readGeneralName, sameGeneralName } from '../../src/pki/general-name.ts';
import { readName } from '../../src/pki/name.ts';
import { OID } from '../../src/pki/oids.ts';
import { keyFault, keyMakes, parsePublicKey } from '../../src/pki/public-key.ts';
import { parseCertificate, serialText } from '../../src/pki/x509.ts';
import { extension, makeCertificate, NOW, nameOf, type Recipe, testKey } from '../support/certificates.ts';
import { at, treeOf, write } from '../support/der-tree.ts';
import { hasOpenssl, KEY_OPTIONS, workbench } from '../support/openssl.ts';

const key = testKey('p256');
const codeOf = (work: () => unknown): [ErrorCode, string] => {
  try {
    work();
  } catch (error) {
    if (error instanceof DisksealError) return [error.code, error.message];
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('a certificate of our own making', () => {
  test('is read as it was made', () => {
    const { certificate, bytes } = makeCertificate({ subject: 'O=Example,CN=Publisher', key, serial: 0x81n });
    expect(certificate.bytes).toEqual(bytes);
    expect(certificate.subject.text).toBe('CN=Publisher,O=Example');
    expect(serialText(certificate.serial)).toBe('81');
    expect(certificate.spki).toEqual(key.spki);
    expect(certificate.publicKey.name).toBe('EC P-256');
    expect(signatureAlgorithm(certificate.signatureAlgorithm)?.name).toBe('ECDSA with SHA-256');
    expect(certificate.selfIssued).toBe(true);
    expect([...certificate.extensions.keyUsage!]).toEqual(['digitalSignature']);
    expect(certificate.extensions.extendedKeyUsage?.has(OID.codeSigning)).toBe(true);
    expect([...certificate.extensions.critical]).toEqual([OID.keyUsage]);
  });

  const ia5 = (tag: number, text: string): Uint8Array => der.element(tag, new TextEncoder().encode(text));
  const san = (...names: Uint8Array[]): Recipe['extensions'] => ({
    [OID.subjectAltName]: extension(OID.subjectAltName, der.sequence(...names)),
  });
  const only = (type: string, value: Uint8Array): Recipe['extensions'] => ({ [type]: extension(type, value) });
  const BAD: [string, Partial<Recipe>, RegExp][] = [
    ['version 2', { version: 1 }, /version field 1/],
    ['version 4', { version: 3 }, /version field 3/],
    ['a negative serial number', { serial: -1n }, /negative serial/],
    ['a serial number of 21 octets', { serial: 1n << 160n }, /21 octets/],
    ['an end before the beginning', { notBefore: NOW, notAfter: NOW - 1 }, /ends before it begins/],
    ['access to nothing', { extensions: only(OID.subjectInfoAccess, der.sequence()) }, /at least 1/],
    ['an extension twice', { extensions: { x: extension(OID.keyUsage, der.namedBits([0])) } }, /appears twice/],
    [
      'an explicit FALSE',
      { extensions: { x: der.sequence(der.oid('1.2.3'), der.boolean(false), der.octetString(der.nullValue())) } },
      /FALSE is the default/,
    ],
    ['cA FALSE spelled out', { extensions: only(OID.basicConstraints, der.sequence(der.boolean(false))) }, /FALSE is the default/],
    ['a path length without cA', { extensions: only(OID.basicConstraints, der.sequence(der.integer(0))) }, /path length without cA/],
    ['a negative path length', { extensions: only(OID.basicConstraints, der.sequence(der.boolean(true), der.integer(-1))) }, /0 to/],
    ['no key usage at all', { extensions: only(OID.keyUsage, der.namedBits([])) }, /not a key usage/],
    ['a tenth key usage', { extensions: only(OID.keyUsage, der.namedBits([9])) }, /not a key usage/],
    ['no purpose', { extensions: only(OID.extendedKeyUsage, der.sequence()) }, /at least 1/],
    ['a purpose twice', { extendedKeyUsage: [OID.codeSigning, OID.codeSigning] }, /appears twice/],
    ['an empty key identifier', { extensions: only(OID.subjectKeyIdentifier, der.octetString(new Uint8Array())) }, /empty/],
    [
      'an issuer without serial number',
      { extensions: only(OID.authorityKeyIdentifier, der.sequence(der.explicit(1, ia5(0x82, 'a')))) },
      /go together/,
    ],
    ['an empty list of names', { extensions: san() }, /at least 1/],
    ['no GeneralName', { extensions: san(der.nullValue()) }, /not a GeneralName/],
    ['a host name with a space', { extensions: san(ia5(0x82, 'a b')) }, /no host name/],
    ['a mailbox without a host', { extensions: san(ia5(0x81, 'me')) }, /no mailbox/],
    ['a relative URI', { extensions: san(ia5(0x86, '/x')) }, /not absolute/],
    ['an address of five octets', { extensions: san(der.element(0x87, new Uint8Array(5))) }, /wrong length/],
    ['a name outside ASCII', { extensions: san(ia5(0x82, 'ä.example')) }, /not ASCII/],
    ['a name of 5,000 octets', { extensions: san(ia5(0x82, 'a'.repeat(5000))) }, /5000 octets/],
    ['empty name constraints', { extensions: only(OID.nameConstraints, der.sequence()) }, /constrain nothing/],
    [
      'a minimum in name constraints',
      {
        extensions: only(
          OID.nameConstraints,
          der.sequence(der.explicit(0, der.sequence(ia5(0x82, 'a'), der.element(0x80, Uint8Array.of(1))))),
        ),
      },
      /does not belong/,
    ],
    [
      'a policy twice',
      { extensions: only(OID.certificatePolicies, der.sequence(der.sequence(der.oid('1.2.3')), der.sequence(der.oid('1.2.3')))) },
      /appears twice/,
    ],
    [
      'anyPolicy mapped',
      { extensions: only(OID.policyMappings, der.sequence(der.sequence(der.oid(OID.anyPolicy), der.oid('1.2.3')))) },
      /cannot be mapped/,
    ],
    [
      '128 certificates to skip',
      { extensions: only(OID.policyConstraints, der.sequence(der.element(0x80, Uint8Array.of(0, 128)))) },
      /not a number of/,
    ],
    [
      'a negative number to skip',
      { extensions: only(OID.policyConstraints, der.sequence(der.element(0x81, Uint8Array.of(0xff)))) },
      /not a number of/,
    ],
    ['no number to skip', { extensions: only(OID.policyConstraints, der.sequence(der.element(0x80))) }, /not a number of/],
    ['empty policy constraints', { extensions: only(OID.policyConstraints, der.sequence()) }, /say nothing/],
    [
      'an extension with two values',
      {
        extensions: {
          x: extension('1.2.3', der.nullValue()),
          [OID.keyUsage]: extension(OID.keyUsage, new Uint8Array([3, 2, 7, 128, 5, 0])),
        },
      },
      /after the end/,
    ],
  ];
  test.each(BAD)('%s', (_, recipe, words) => {
    const [code, message] = codeOf(() => makeCertificate({ subject: 'CN=x', key, ...recipe }).certificate);
    expect(['E_CERTIFICATE', 'E_DER']).toContain(code);
    expect(message).toMatch(words);
  });

  test('a signature algorithm outside that is not the one inside', () => {
    const bytes = makeCertificate({ subject: 'CN=x', key }).bytes.slice();
    // The identifier stands last before the signature: ecdsa-with-SHA256 becomes SHA-384.
    const place = Buffer.from(bytes).lastIndexOf(Buffer.from('04030230'.slice(0, 6), 'hex'));
    bytes[place + 2] = 3;
    expect(codeOf(() => parseCertificate(bytes))[1]).toMatch(/two signature algorithms/);
  });

  test('unknown extensions: that they are critical is remembered', () => {
    const extensions = { a: extension('1.2.3.4', der.nullValue()), b: extension('1.2.3.5', der.nullValue(), true) };
    expect(makeCertificate({ subject: 'CN=x', key, extensions }).certificate.extensions.critical).toEqual(
      new Set([OID.keyUsage, '1.2.3.5']),
    );
  });

  test('a time before 2050 is written in its short form, and no time in fractions of a second', () => {
    const long = (text: string): Uint8Array => der.element(0x18, new TextEncoder().encode(text));
    const short = der.time(Date.UTC(2049, 11, 31, 23, 59, 59) / 1000);
    const withEnd = (end: Uint8Array): Uint8Array => {
      const top = treeOf(makeCertificate({ subject: 'CN=x', key }).bytes);
      at(top, 0, 4).children[1] = treeOf(end);
      return write(top);
    };
    expect(parseCertificate(withEnd(short)).notAfter).toBe(Date.UTC(2050, 0) / 1000 - 1);
    expect(parseCertificate(withEnd(long('20500101000000Z'))).notAfter).toBe(Date.UTC(2050, 0) / 1000);
    for (const text of ['20491231235959Z', '20500101000000.5Z'])
      expect(codeOf(() => parseCertificate(withEnd(long(text))))[1]).toMatch(/not in the form that RFC 5280 prescribes/);
    expect(codeOf(() => parseCertificate(withEnd(der.integer(5))))[0]).toBe('E_DER');
  });

  test('where else to ask is read and means nothing', () => {
    const location = der.sequence(der.oid('1.3.6.1.5.5.7.48.5'), ia5(0x86, 'http://ca.example/'));
    const { certificate } = makeCertificate({ subject: 'CN=x', key, extensions: only(OID.subjectInfoAccess, der.sequence(location)) });
    expect(certificate.extensions.present.has(OID.subjectInfoAccess)).toBe(true);
  });

  test('a serial number as text: without the octet that keeps it positive, zero as it is', () => {
    for (const [octets, text] of [
      [[0x7f], '7f'],
      [[0, 0x80], '80'],
      [[0], '00'],
      [[1, 0], '0100'],
    ] as const)
      expect(serialText(Uint8Array.from(octets))).toBe(text);
  });

  test('more than 256 KiB are not even read', () => {
    expect(codeOf(() => parseCertificate(new Uint8Array(300 << 10)))[0]).toBe('E_CERTIFICATE');
  });
});

describe('names as text', () => {
  const text = (value: Uint8Array): string =>
    readName(readDer(der.sequence(der.setOf([der.sequence(der.oid(OID.commonName), value)])), 'name'), 'name').text;
  test.each([
    ['plain', 'CN=plain'],
    [' a, "b" + <c>; \\ ', 'CN=\\ a\\, \\"b\\" \\+ \\<c\\>\\; \\\\\\ '],
    ['#1', 'CN=\\#1'],
    ['a#1', 'CN=a#1'],
    [' ', 'CN=\\ '],
    ['', 'CN='],
    ['a\u0000b\u001b[31m', 'CN=a\\00b\\1B[31m'],
    ['exe\u202egpj', 'CN=exe\\E2\\80\\AEgpj'],
    ['a\u00a0b\u200bc\ufeff', 'CN=a\\C2\\A0b\\E2\\80\\8Bc\\EF\\BB\\BF'],
    ['Müller 株式会社 🙂', 'CN=Müller 株式会社 🙂'],
    ['\u{e0041}\u{1ffff}', 'CN=\\F3\\A0\\81\\81\\F0\\9F\\BF\\BF'],
  ])('%j', (value, expected) => {
    expect(text(der.utf8String(value))).toBe(expected);
  });

  test('other string types and no string at all', () => {
    expect(text(der.element(0x1e, Uint8Array.of(0x4e, 0x2d)))).toBe('CN=中');
    expect(text(der.element(0x1c, Uint8Array.of(0, 1, 0xf6, 0x42)))).toBe('CN=🙂');
    expect(text(der.element(0x14, Uint8Array.of(0xe4)))).toBe('CN=#1401e4');
    expect(text(der.integer(5))).toBe('CN=#020105');
  });

  test('order, several attributes in one part, types without a name', () => {
    const attribute = (type: string, value: string): Uint8Array => der.sequence(der.oid(type), der.printableString(value));
    const name = der.sequence(
      der.setOf([attribute(OID.countryName, 'DE')]),
      der.setOf([attribute(OID.commonName, 'a'), attribute(OID.userId, 'b')]),
      der.setOf([attribute('1.2.3', 'c')]),
    );
    expect(readName(readDer(name, 'name'), 'name').text).toBe('1.2.3=#130163,UID=b+CN=a,C=DE');
    expect(readName(readDer(nameOf(''), 'name'), 'name').text).toBe('');
  });
});

describe('names of places', () => {
  const text = (tag: number, value: string): Uint8Array => der.element(tag, new TextEncoder().encode(value));
  // Some by the same octets in another form: those are other names.
  const names = [
    text(0x82, 'a.example'),
    text(0x81, 'a.example'),
    text(0x86, 'http://a.example/'),
    text(0x82, 'A.example'),
    der.element(0x87, Uint8Array.of(10, 0, 0, 1)),
    der.element(0x87, Uint8Array.of(10, 0, 0, 2)),
    der.explicit(4, nameOf('CN=a')),
    der.explicit(4, nameOf('CN=b')),
    der.implicit(0, der.sequence(der.oid('1.2.3'), der.explicit(0, der.nullValue()))),
    der.implicit(0, der.sequence(der.oid('1.2.4'), der.explicit(0, der.nullValue()))),
    der.implicit(8, der.oid('1.2.3')),
  ];
  test('each is the same as itself and as no other', () => {
    const read = (): ReturnType<typeof readGeneralName>[] => names.map((name) => readGeneralName(readDer(name, 'name'), 'name'));
    for (const [left, one] of read().entries())
      for (const [right, other] of read().entries()) expect(sameGeneralName(one, other), `${left} and ${right}`).toBe(left === right);
  });
});

describe('keys', () => {
  const rsa = (modulus: bigint, exponent: bigint): Uint8Array =>
    der.sequence(
      der.sequence(der.oid(OID.rsaEncryption), der.nullValue()),
      der.bitString(der.sequence(der.integer(modulus), der.integer(exponent))),
    );
  const modulus = (bits: number): bigint => (1n << BigInt(bits - 1)) + 1n;
  test.each([
    ['RSA 3072', rsa(modulus(3072), 65537n), undefined],
    ['RSA 8192', rsa(modulus(8192), 65537n), undefined],
    ['RSA 2048 for a signer', rsa(modulus(2048), 65537n), /shorter than 3072/],
    ['RSA 8200', rsa(modulus(8200), 65537n), /longer than 8192/],
    ['RSA 3073', rsa(modulus(3073), 65537n), /whole number of bytes/],
    ['an even modulus', rsa(modulus(3072) + 1n, 65537n), /even modulus/],
    ['the exponent 3', rsa(modulus(3072), 3n), /exponent 3/],
    ['an even exponent', rsa(modulus(3072), 65538n), /exponent 65538/],
    ['an exponent of 65 bits', rsa(modulus(3072), (1n << 64n) + 1n), /64 bits/],
    ['P-256', testKey('p256').spki, undefined],
    ['P-384', testKey('p384').spki, undefined],
    ['P-521 for a signer', testKey('p521').spki, /P-521/],
    ['Ed25519', testKey('ed25519').spki, undefined],
  ])('%s', (_, spki, fault) => {
    const found = keyFault(parsePublicKey(spki), 'signer');
    if (fault) expect(found).toMatch(fault);
    else expect(found).toBeUndefined();
  });

  test('authorities may also have RSA 2048 and P-521', () => {
    expect(keyFault(parsePublicKey(rsa(modulus(2048), 65537n)), 'authority')).toBeUndefined();
    expect(keyFault(parsePublicKey(rsa(modulus(2040), 65537n)), 'authority')).toMatch(/shorter than 2048/);
    expect(keyFault(parsePublicKey(testKey('p521').spki), 'authority')).toBeUndefined();
  });

  test('a compressed point is the same key by value and is refused', () => {
    const { spki } = testKey('p256');
    const point = spki.subarray(-65);
    const parity = point[64] & 1;
    const algorithm = der.sequence(der.oid(OID.ecPublicKey), der.oid(OID.p256));
    const compressed = (first: number): ReturnType<typeof parsePublicKey> =>
      parsePublicKey(der.sequence(algorithm, der.bitString(Uint8Array.of(first, ...point.subarray(1, 33)))));
    expect(compressed(2 + parity).value).toBe(parsePublicKey(spki).value);
    // The other root of the same x is another key.
    expect(compressed(3 - parity).value).not.toBe(parsePublicKey(spki).value);
    for (const first of [2, 3]) expect(keyFault(compressed(first), 'authority')).toMatch(/compressed/);
    expect(codeOf(() => compressed(4))[1]).toMatch(/not an EC point/);
  });

  test('each kind makes the signatures of its kind; a key bound to RSA-PSS those with its own parameters', () => {
    const identifier = (bytes: Uint8Array): ReturnType<typeof readAlgorithm> => readAlgorithm(readDer(bytes, 'a'), 'a');
    const pss = (hash: 'sha256' | 'sha384'): Uint8Array => encodeSignatureAlgorithm('rsa-pss', hash);
    const bound = (algorithm: Uint8Array): Uint8Array =>
      der.sequence(algorithm, der.bitString(der.sequence(der.integer(modulus(3072)), der.integer(65537n))));
    const keys = {
      rsa: rsa(modulus(3072), 65537n),
      ec: testKey('p384').spki,
      ed25519: testKey('ed25519').spki,
      'pss of SHA-256': bound(pss('sha256')),
      'any pss': bound(der.sequence(der.oid(OID.rsassaPss))),
      unknown: der.sequence(der.sequence(der.oid('1.2.3')), der.bitString(Uint8Array.of(1))),
    };
    const signatures = {
      pkcs1: encodeSignatureAlgorithm('rsa-pkcs1', 'sha256'),
      'pss/256': pss('sha256'),
      'pss/384': pss('sha384'),
      ecdsa: encodeSignatureAlgorithm('ecdsa', 'sha384'),
      ed25519: encodeSignatureAlgorithm('ed25519', 'sha512'),
    };
    const made = Object.entries(keys).map(([name, spki]) => {
      const known = parsePublicKey(spki);
      const possible = Object.entries(signatures).filter(([, bytes]) =>
        keyMakes(known, signatureAlgorithm(identifier(bytes))!, identifier(bytes)),
      );
      return [name, possible.map(([signature]) => signature).join(' ')];
    });
    expect(Object.fromEntries(made)).toEqual({
      rsa: 'pkcs1 pss/256 pss/384',
      ec: 'ecdsa',
      ed25519: 'ed25519',
      'pss of SHA-256': 'pss/256',
      'any pss': 'pss/256 pss/384',
      unknown: '',
    });
    for (const spki of [keys['pss of SHA-256'], keys['any pss']]) {
      expect(keyFault(parsePublicKey(spki), 'signer')).toMatch(/only authorities/);
      expect(keyFault(parsePublicKey(spki), 'authority')).toBeUndefined();
    }
  });

  test('malformed keys', () => {
    const ec = (point: Uint8Array): Uint8Array =>
      der.sequence(der.sequence(der.oid(OID.ecPublicKey), der.oid(OID.p256)), der.bitString(point));
    const cases = [
      ec(new Uint8Array(65)),
      ec(Uint8Array.of(4)),
      ec(new Uint8Array()),
      der.sequence(der.sequence(der.oid(OID.ed25519)), der.bitString(new Uint8Array(31))),
      der.sequence(der.sequence(der.oid(OID.ed25519), der.nullValue()), der.bitString(new Uint8Array(32))),
      der.sequence(der.sequence(der.oid(OID.rsaEncryption)), der.bitString(der.sequence(der.integer(5), der.integer(3)))),
      rsa(-5n, 65537n),
      rsa(modulus(3072), 1n << 300n),
    ];
    for (const spki of cases) expect(codeOf(() => parsePublicKey(spki))[0]).toBe('E_CERTIFICATE');
    expect(keyFault(parsePublicKey(rsa(0n, 0n + 1n)), 'authority')).toBeDefined();
  });
});

describe.skipIf(!hasOpenssl)('certificates by openssl', () => {
  const bench = hasOpenssl ? workbench() : undefined;

  test.each(Object.entries(KEY_OPTIONS))('%s', (kind, options) => {
    bench!.openssl('genpkey', ...options, '-out', 'key.pem');
    bench!.openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      'key.pem',
      '-subj',
      '/C=DE/O=A, B/CN=Übung+OU=x',
      '-utf8',
      '-days',
      '10',
      '-outform',
      'DER',
      '-out',
      'c.der',
    );
    const certificate = parseCertificate(new Uint8Array(bench!.openssl('x509', '-inform', 'DER', '-in', 'c.der', '-outform', 'DER')));
    const subject = bench!
      .openssl('x509', '-inform', 'DER', '-in', 'c.der', '-noout', '-subject', '-nameopt', 'RFC2253,-esc_msb,utf8')
      .toString();
    expect(`subject=${certificate.subject.text}`).toBe(subject.trim());
    expect(certificate.extensions.basicConstraints).toMatchObject({ ca: true, critical: true });
    const allowed = kind !== 'k256' && kind !== 'rsa1024';
    expect(keyFault(certificate.publicKey, 'authority') === undefined).toBe(allowed);
  });

  test('our own are accepted by openssl', () => {
    for (const kind of ['p256', 'p384', 'p521', 'rsa3072', 'ed25519'] as const) {
      const root = makeCertificate({ subject: 'O=Example,CN=Root', key: testKey(kind, 'root'), ca: true });
      const leaf = makeCertificate({ subject: 'O=Example,CN=Leaf', key: testKey(kind, 'leaf'), issuer: root });
      for (const [name, { bytes }] of Object.entries({ root, leaf })) {
        bench!.write(`${name}.der`, bytes);
        bench!.openssl('x509', '-inform', 'DER', '-in', `${name}.der`, '-out', `${name}.pem`);
      }
      const at = String(NOW);
      const answer = bench!.attempt('verify', '-x509_strict', '-purpose', 'any', '-attime', at, '-CAfile', 'root.pem', 'leaf.pem');
      expect(answer.output).toContain('leaf.pem: OK');
    }
    bench!.remove();
  });
});
