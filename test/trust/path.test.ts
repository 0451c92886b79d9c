import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import type { Platform } from '../../src/core/platform.ts';
import { toHex } from '../../src/core/struct.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { type Certificate, parseCertificate } from '../../src/pki/x509.ts';
import type { Anchor } from '../../src/trust/anchor.ts';
import { findPath, type PathResult } from '../../src/trust/path.ts';
import { CODE_SIGNING } from '../../src/trust/path-validation.ts';
import {
  basicConstraints,
  extension,
  type Made,
  makeCertificate,
  NOW,
  nameOf,
  type Recipe,
  sha256,
  testChain,
  testKey,
} from '../support/certificates.ts';
import { BER_SPELLINGS, nodesOf, OTHER_VALUES, treeOf, write } from '../support/der-tree.ts';
import { testPlatform } from '../support/platform.ts';

const key = testKey('p256');
const root = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), ca: true });
const authority = (recipe: Partial<Recipe> = {}): Made =>
  makeCertificate({ subject: 'CN=CA', key: testKey('p256', 'ca'), ca: true, issuer: root, ...recipe });
const signer = (recipe: Partial<Recipe> = {}): Made => makeCertificate({ subject: 'CN=Signer', key, issuer: authority(), ...recipe });
const anchorOf = (made: Made): Anchor => ({ kind: 'certificate', certificate: made.certificate });
const fingerprintOf = (made: Made): Anchor => ({ kind: 'fingerprint', sha256: toHex(sha256(made.bytes)) });

function find(
  path: readonly Made[],
  anchors: readonly Anchor[] = [anchorOf(root)],
  at = NOW,
  tolerance = 0,
  platform = testPlatform,
): Promise<PathResult> {
  const [certificate, ...intermediates] = path.map((made) => made.certificate);
  return findPath({ certificate: certificate, intermediates, anchors, at, tolerance, purpose: CODE_SIGNING }, platform);
}

async function subjects(path: readonly Made[], ...rest: [(readonly Anchor[])?, number?, number?]): Promise<string> {
  const result = await find(path, ...rest);
  return result.path
    ? result.path.map(({ subject }) => subject.text).join(' < ')
    : result.faults.map(({ code, message }) => `${code} ${message}`).join('; ');
}

/** The whole path of a certificate, itself first, without the root. */
function pathOf(leaf: Made): Made[] {
  const path: Made[] = [];
  for (let at: Made | undefined = leaf; at && at !== root; at = at.issuer) path.push(at);
  return path;
}

describe('good paths', () => {
  test('over an intermediate to a root, and directly', async () => {
    expect(await subjects(pathOf(signer()))).toBe('CN=Signer < CN=CA < CN=Root');
    expect(await subjects([signer({ issuer: root })])).toBe('CN=Signer < CN=Root');
  });

  test.each(['p256', 'p384', 'rsa3072'] as const)('all by %s keys', async (kind) => {
    const chain = testChain(kind);
    expect(await subjects([chain.leaf, chain.intermediate], [anchorOf(chain.root)])).toContain('Demo Root');
  });

  test('authorities may sign with RSA 2048, RSA-PSS, P-521 and Ed25519, by each hash', async () => {
    const makers: Partial<Recipe>[] = [
      { key: testKey('rsa2048'), scheme: 'rsa-pkcs1', hash: 'sha256' },
      { key: testKey('rsa2048'), scheme: 'rsa-pkcs1', hash: 'sha512' },
      { key: testKey('rsa2048'), scheme: 'rsa-pss', hash: 'sha256' },
      { key: testKey('rsa2048'), scheme: 'rsa-pss', hash: 'sha384' },
      { key: testKey('p521'), scheme: 'ecdsa', hash: 'sha512' },
      { key: testKey('p521'), scheme: 'ecdsa', hash: 'sha256' },
      { key: testKey('ed25519'), scheme: 'ed25519', hash: 'sha512' },
    ];
    for (const { key: own, scheme, hash } of makers) {
      const top = makeCertificate({ subject: 'CN=Top', key: own!, ca: true });
      const leaf = makeCertificate({ subject: 'CN=Signer', key, issuer: top, scheme: scheme!, hash: hash! });
      expect(await subjects([leaf], [anchorOf(top)])).toBe('CN=Signer < CN=Top');
    }
  });

  test('a fingerprint names any certificate at hand, and none that is not', async () => {
    const leaf = signer();
    expect(await subjects(pathOf(leaf), [fingerprintOf(leaf)])).toBe('CN=Signer');
    expect(await subjects(pathOf(leaf), [fingerprintOf(leaf.issuer!)])).toBe('CN=Signer < CN=CA');
    expect(await subjects(pathOf(leaf), [fingerprintOf(root)])).toMatch(/E_UNTRUSTED CN=CA was certified by CN=Root, which is neither/);
  });

  test('an anchor given twice, as a certificate and by its fingerprint, is one', async () => {
    const leaf = signer();
    const [, authorityOf] = pathOf(leaf);
    expect(await subjects(pathOf(leaf), [anchorOf(authorityOf), anchorOf(authorityOf), fingerprintOf(authorityOf)])).toBe(
      'CN=Signer < CN=CA',
    );
  });

  test('the signer himself as anchor, self-signed or not, even as an authority', async () => {
    const leaf = signer();
    expect(await subjects([leaf], [anchorOf(leaf)])).toBe('CN=Signer');
    const own = makeCertificate({
      subject: 'CN=Own',
      key,
      ca: true,
      keyUsage: ['digitalSignature', 'keyCertSign'],
      extendedKeyUsage: [OID.codeSigning],
    });
    expect(await subjects([own], [anchorOf(own)])).toBe('CN=Own');
  });

  test('self-issued certificates of a key change do not count for the path length', async () => {
    const limited = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), ca: true, pathLength: 0 });
    const changed = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'new root'), ca: true, issuer: limited });
    const leaf = makeCertificate({ subject: 'CN=Signer', key, issuer: changed });
    expect(await subjects([leaf, changed], [anchorOf(limited)])).toBe('CN=Signer < CN=Root < CN=Root');
  });

  test('of two ways the good one is found', async () => {
    const expired = authority({ notAfter: NOW - 1 });
    const leaf = signer();
    expect(await subjects([leaf, expired, authority()])).toBe('CN=Signer < CN=CA < CN=Root');
  });
});

const plainUsage = (usage: number[]): Uint8Array => extension(OID.keyUsage, der.namedBits(usage), true);
const without = (...types: string[]): Partial<Recipe> => ({ extensions: Object.fromEntries(types.map((type) => [type, undefined])) });
const dns = (text: string): Uint8Array => der.element(0x82, new TextEncoder().encode(text));

describe('what is wrong with the signer', () => {
  const cases: [string, Partial<Recipe>, RegExp][] = [
    ['expired', { notAfter: NOW - 1 }, /^E_EXPIRED CN=Signer expired on 2026-05-31$/],
    ['not yet valid', { notBefore: NOW + 1 }, /^E_EXPIRED CN=Signer is not valid before 2026-06-01$/],
    ['no extended key usage', without(OID.extendedKeyUsage), /^E_UNTRUSTED CN=Signer is not for codeSigning/],
    ['anyExtendedKeyUsage', { extendedKeyUsage: [OID.anyExtendedKeyUsage] }, /is not for codeSigning/],
    ['a server', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }, /is not for codeSigning/],
    ['no key usage', without(OID.keyUsage), /is not for digitalSignature/],
    ['another key usage', { keyUsage: ['nonRepudiation'] }, /is not for digitalSignature/],
    [
      'an authority',
      { ca: true, keyUsage: ['digitalSignature', 'keyCertSign'], extendedKeyUsage: [OID.codeSigning] },
      /is an authority and must not sign/,
    ],
    [
      'keyCertSign without being an authority',
      { keyUsage: ['digitalSignature', 'keyCertSign'] },
      /may sign certificates and is no authority/,
    ],
    ['no subject', { subject: nameOf('') }, /names no subject/],
    ['version 1', { version: 0 }, /is not of version 3/],
    ['the serial number 0', { serial: 0n }, /has the serial number 0/],
    [
      'an unknown critical extension',
      { extensions: { x: extension('1.2.3.4', der.nullValue(), true) } },
      /critical extension 1\.2\.3\.4, which is not understood/,
    ],
    [
      'a critical key identifier',
      { extensions: { [OID.subjectKeyIdentifier]: extension(OID.subjectKeyIdentifier, der.octetString(new Uint8Array(20)), true) } },
      /critical extension subjectKeyIdentifier/,
    ],
    ['no authority key identifier', without(OID.authorityKeyIdentifier), /has no authorityKeyIdentifier/],
    [
      'an authority key identifier without key',
      { extensions: { [OID.authorityKeyIdentifier]: extension(OID.authorityKeyIdentifier, der.sequence()) } },
      /without key identifier/,
    ],
    [
      'another authority key identifier',
      {
        extensions: {
          [OID.authorityKeyIdentifier]: extension(
            OID.authorityKeyIdentifier,
            der.sequence(der.implicit(0, der.octetString(new Uint8Array(20)))),
          ),
        },
      },
      /names another key/,
    ],
    [
      'name constraints',
      { extensions: { x: extension(OID.nameConstraints, der.sequence(der.explicit(0, der.sequence(dns('a')))), true) } },
      /constrains names and is no authority/,
    ],
    [
      'a demand for an explicit policy',
      { extensions: { x: extension(OID.policyConstraints, der.sequence(der.element(0x80, Uint8Array.of(0))), true) } },
      /is under no policy that its issuers allow/,
    ],
    [
      'a critical policy with an unknown qualifier',
      {
        extensions: {
          x: extension(
            OID.certificatePolicies,
            der.sequence(der.sequence(der.oid('1.2.3'), der.sequence(der.sequence(der.oid('1.2.4'), der.nullValue())))),
            true,
          ),
        },
      },
      /qualifier that is not understood/,
    ],
    ['RSA 2048', { key: testKey('rsa2048') }, /^E_WEAK CN=Signer has an RSA key of 2048 bits/],
    ['P-521', { key: testKey('p521') }, /^E_WEAK CN=Signer has an EC key on P-521/],
  ];
  test.each(cases)('%s', async (_, recipe, words) => {
    expect(await subjects(pathOf(signer(recipe)))).toMatch(words);
  });

  test('SHA-1 and RSA with NULL forgotten are weak, whatever the signature is worth', async () => {
    const sha1 = der.sequence(der.oid('1.2.840.10045.4.1'));
    expect(await subjects(pathOf(signer({ algorithm: sha1 })))).toMatch(/E_WEAK CN=Signer is signed with ecdsa-with-SHA1/);
    const noNull = der.sequence(der.oid(OID.sha256WithRsaEncryption));
    expect(await subjects(pathOf(signer({ algorithm: noNull })))).toMatch(/E_WEAK .*sha256WithRsaEncryption/);
  });

  test('a signature algorithm that its issuer cannot make is no signature', async () => {
    const rsa = der.sequence(der.oid(OID.sha256WithRsaEncryption), der.nullValue());
    expect(await subjects(pathOf(signer({ algorithm: rsa })))).toMatch(/does not bear the signature of CN=CA/);
  });

  test('tolerance counts on both sides', async () => {
    for (const recipe of [{ notAfter: NOW - 600 }, { notBefore: NOW + 600 }]) {
      expect(await subjects(pathOf(signer(recipe)), [anchorOf(root)], NOW, 600)).toContain('CN=Root');
      expect(await subjects(pathOf(signer(recipe)), [anchorOf(root)], NOW, 599)).toMatch(/E_EXPIRED/);
    }
  });

  test('an anchor that is the signer is judged all the same', async () => {
    for (const recipe of [{ notAfter: NOW - 1 }, { extendedKeyUsage: [OID.anyExtendedKeyUsage] }, { key: testKey('rsa2048') }]) {
      const leaf = signer(recipe);
      expect((await find([leaf], [anchorOf(leaf)])).path).toBeUndefined();
    }
  });
});

describe('what is wrong with an authority', () => {
  const cases: [string, Partial<Recipe>, RegExp][] = [
    ['expired', { notAfter: NOW - 1 }, /^E_EXPIRED CN=CA expired/],
    ['no basicConstraints', without(OID.basicConstraints), /CN=CA is no authority/],
    ['no extensions at all', { version: 0 }, /CN=CA is not of version 3/],
    [
      'basicConstraints without cA',
      { extensions: { [OID.basicConstraints]: extension(OID.basicConstraints, der.sequence(), true) } },
      /CN=CA is no authority/,
    ],
    [
      'basicConstraints not critical',
      { extensions: { [OID.basicConstraints]: basicConstraints(undefined, false) } },
      /basicConstraints not marked critical/,
    ],
    ['no key usage', without(OID.keyUsage), /may not sign certificates/],
    ['key usage without keyCertSign', { extensions: { [OID.keyUsage]: plainUsage([0, 6]) } }, /may not sign certificates/],
    ['no subjectKeyIdentifier', without(OID.subjectKeyIdentifier), /CN=CA has no subjectKeyIdentifier/],
    ['an extended key usage for servers', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }, /may not certify for codeSigning/],
    ['an unknown critical extension', { extensions: { x: extension('1.2.3.4', der.nullValue(), true) } }, /critical extension/],
    [
      'policy constraints not critical',
      { extensions: { x: extension(OID.policyConstraints, der.sequence(der.element(0x81, Uint8Array.of(0)))) } },
      /policyConstraints not marked critical/,
    ],
    [
      'name constraints not critical',
      { extensions: { x: extension(OID.nameConstraints, der.sequence(der.explicit(0, der.sequence(dns('a'))))) } },
      /nameConstraints not marked critical/,
    ],
    ['RSA 1024', { key: testKey('rsa1024') }, /^E_WEAK CN=CA has an RSA key of 1024 bits/],
  ];
  test.each(cases)('%s', async (_, recipe, words) => {
    expect(await subjects(pathOf(signer({ issuer: authority(recipe) })))).toMatch(words);
  });

  test('extended key usages that allow it', async () => {
    for (const purpose of [OID.codeSigning, OID.anyExtendedKeyUsage]) {
      expect(await subjects(pathOf(signer({ issuer: authority({ extendedKeyUsage: [purpose] }) })))).toContain('CN=Root');
    }
  });

  test('a path longer than allowed, counted from each authority', async () => {
    const limited = authority({ pathLength: 0 });
    const below = makeCertificate({ subject: 'CN=Below', key: testKey('p256', 'below'), ca: true, issuer: limited });
    expect(await subjects(pathOf(signer({ issuer: below })))).toMatch(/CN=CA allows 0 authorities below it, there are 1/);
    const wider = authority({ pathLength: 1 });
    const belowWider = makeCertificate({ subject: 'CN=Below', key: testKey('p256', 'below'), ca: true, issuer: wider });
    expect(await subjects(pathOf(signer({ issuer: belowWider })))).toContain('CN=Root');
  });

  test('the root is judged too', async () => {
    const old = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), ca: true, notAfter: NOW - 1 });
    expect(await subjects(pathOf(signer()), [anchorOf(old)])).toMatch(/E_EXPIRED CN=Root/);
  });

  test('a signer certified by a signer', async () => {
    const middle = signer();
    expect(await subjects(pathOf(makeCertificate({ subject: 'CN=Next', key: testKey('p256', 'next'), issuer: middle })))).toMatch(
      /CN=Signer is no authority/,
    );
  });
});

describe('what leads nowhere', () => {
  test('no anchor, an anchor elsewhere, a root that comes with the path', async () => {
    expect(await subjects(pathOf(signer()), [])).toMatch(/^E_UNTRUSTED CN=CA was certified by CN=Root/);
    const other = testChain('p256', 'Other').root;
    expect(await subjects(pathOf(signer()), [anchorOf(other)])).toMatch(/neither trusted nor at hand/);
    expect(await subjects([...pathOf(signer()), root], [anchorOf(other)])).toMatch(/CN=Root certifies itself and is not trusted/);
  });

  test('a root of the same name with another key (CVE-2020-0601 in kind)', async () => {
    const impostor = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'impostor'), ca: true });
    const ca = makeCertificate({ subject: 'CN=CA', key: testKey('p256', 'ca'), ca: true, issuer: impostor });
    const leaf = makeCertificate({ subject: 'CN=Signer', key, issuer: ca });
    expect(await subjects([leaf, ca, impostor])).toMatch(/CN=CA does not bear the signature of CN=Root/);
  });

  test('names that only look alike: compared as bytes', async () => {
    const printable = der.sequence(der.setOf([der.sequence(der.oid(OID.commonName), der.printableString('Root'))]));
    const alike = makeCertificate({ subject: printable, key: testKey('p256', 'root'), ca: true });
    expect(alike.certificate.subject.text).toBe('CN=Root');
    expect(await subjects(pathOf(signer()), [anchorOf(alike)])).toMatch(/neither trusted nor at hand/);
  });

  test('explicit curve parameters (CVE-2020-0601)', async () => {
    const explicit = der.sequence(
      der.sequence(der.oid(OID.ecPublicKey), der.sequence(der.integer(1))),
      der.bitString(key.spki.subarray(-65)),
    );
    const top = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), spki: explicit, ca: true });
    expect(await subjects(pathOf(signer()), [anchorOf(top)])).toMatch(/E_WEAK CN=Root has EC with explicit curve parameters/);
  });

  test('circles end', async () => {
    const [a, b] = [testKey('p256', 'circle a'), testKey('p256', 'circle b')];
    const first = makeCertificate({ subject: 'CN=A', key: a, ca: true });
    const ba = makeCertificate({ subject: 'CN=B', key: b, ca: true, issuer: first });
    const ab = makeCertificate({ subject: 'CN=A', key: a, ca: true, issuer: ba });
    expect(await subjects([makeCertificate({ subject: 'CN=Signer', key, issuer: ab }), ab, ba])).toMatch(/E_UNTRUSTED/);
  });

  test('a bush of certificates costs at most a thousand signature checks', async () => {
    let checks = 0;
    const counting: Platform = { ...testPlatform, verifySignature: (check) => (checks++, testPlatform.verifySignature(check)) };
    const layer = (issuer: Made | undefined, depth: number): Made[] =>
      Array.from({ length: 4 }, (_, index) =>
        makeCertificate({ subject: `CN=Layer ${depth}`, key: testKey('p256', `layer ${depth} ${index}`), ca: true, issuer }),
      );
    const certificates: Made[] = [];
    let above: Made[] = layer(undefined, 0);
    for (let depth = 1; depth < 10; depth++) {
      const next = above.flatMap((issuer) => layer(issuer, depth)).slice(0, 16);
      certificates.push(...next);
      above = next;
    }
    const leaf = makeCertificate({ subject: 'CN=Signer', key, issuer: above[0] });
    const began = performance.now();
    const result = await find([leaf, ...certificates], [anchorOf(root)], NOW, 0, counting);
    expect(result.path).toBeUndefined();
    expect(checks).toBeLessThanOrEqual(1_000);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('a path of sixteen certificates is the longest', async () => {
    const tower = (height: number): Made[] => {
      const path = [root];
      while (path.length < height - 1) {
        const subject = `CN=Floor ${path.length}`;
        path.unshift(makeCertificate({ subject, key: testKey('p256', subject), ca: true, issuer: path[0] }));
      }
      return [signer({ issuer: path[0] }), ...path.slice(0, -1)];
    };
    expect((await find(tower(16))).path).toHaveLength(16);
    expect((await find(tower(17))).path).toBeUndefined();
  });

  test('of several bad paths the one that time alone spoils is told, before the weak one, before all others', async () => {
    const years = { notAfter: NOW - 1 };
    const ways = {
      expired: authority(years),
      wrong: authority({ serial: 6n, keyUsage: ['cRLSign'] }),
    };
    // One signer, whose issuer's name and key both bear.
    const told = async (...names: (keyof typeof ways)[]): Promise<string> => {
      const anchors = names.map((name) => anchorOf(ways[name]));
      return (await subjects([signer({ issuer: ways.expired })], anchors)).slice(0, 20);
    };
    expect(await told('expired', 'wrong')).toMatch(/^E_EXPIRED/);
    expect(await told('wrong', 'expired')).toMatch(/^E_EXPIRED/);
    expect(await told('wrong')).toMatch(/^E_UNTRUSTED/);
    const old = signer({ issuer: ways.expired, key: testKey('rsa2048', 'weak signer') });
    expect(await subjects([old], [anchorOf(ways.wrong), anchorOf(authority({ serial: 8n }))])).toMatch(/^E_WEAK CN=Signer/);
    expect(await subjects([old], [anchorOf(authority({ serial: 8n })), anchorOf(ways.wrong)])).toMatch(/^E_WEAK CN=Signer/);
  });

  test('a platform that fails fails the search: no exception becomes a yes', async () => {
    const broken: Platform = { ...testPlatform, verifySignature: () => Promise.reject(new Error('broken')) };
    await expect(find(pathOf(signer()), [anchorOf(root)], NOW, 0, broken)).rejects.toThrow('broken');
    const never: Platform = { ...testPlatform, verifySignature: () => Promise.resolve(false) };
    expect((await find(pathOf(signer()), [anchorOf(root)], NOW, 0, never)).path).toBeUndefined();
  });
});

describe('mutation', () => {
  test('no certificate of a path survives a change: every node otherwise, every byte flipped', async () => {
    const leaf = signer();
    const path = pathOf(leaf);
    let mutants = 0;
    const refused = async (bytes: Uint8Array, index: number): Promise<void> => {
      mutants++;
      let certificate: Certificate;
      try {
        certificate = parseCertificate(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DisksealError);
        return;
      }
      const mutated = path.map((made) => made.certificate);
      mutated[index] = certificate;
      const [first, ...intermediates] = mutated;
      const request = { certificate: first, intermediates, anchors: [anchorOf(root)], at: NOW, purpose: CODE_SIGNING };
      expect((await findPath(request, testPlatform)).path).toBeUndefined();
    };
    for (const [index, { bytes }] of path.entries()) {
      const top = treeOf(bytes);
      for (const node of nodesOf(top)) {
        for (const spelling of [...Object.values(BER_SPELLINGS), ...Object.values(OTHER_VALUES)]) {
          const mutant = write(top, { node, spelling });
          if (Buffer.compare(mutant, bytes) !== 0) await refused(mutant, index);
        }
      }
      for (let place = 0; place < bytes.length; place++) {
        await refused(
          bytes.map((octet, at) => (at === place ? octet ^ 1 : octet)),
          index,
        );
      }
    }
    console.info(`${mutants} mutants of two certificates, none on a path`);
    expect(mutants).toBeGreaterThan(1_500);
  });

  test('random damage to a certificate gives a DisksealError or a certificate', () => {
    const { bytes } = authority();
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = bytes.slice();
        for (const [place, value] of changes) damaged[place % damaged.length] = value;
        try {
          const { subject } = parseCertificate(damaged);
          // Nothing that a terminal would obey gets through a name.
          expect(subject.text).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$/);
        } catch (error) {
          expect(error).toBeInstanceOf(DisksealError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
