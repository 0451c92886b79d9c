/** Strict reading of revocation lists and OCSP responses: what is malformed is refused with the place, whoever signed it. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { parseCertificateList } from '../../src/pki/crl.ts';
import * as der from '../../src/pki/der-write.ts';
import { parseOcspResponse } from '../../src/pki/ocsp.ts';
import { encodeOcspRequest } from '../../src/pki/ocsp-request.ts';
import { encodeOcspResponse } from '../../src/pki/ocsp-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { sha1 } from '../../src/pki/sha1.ts';
import { parseEvidence } from '../../src/trust/revocation.ts';
import { extension, makeCertificate, NOW, testKey } from '../support/certificates.ts';
import { at, BER_SPELLINGS, type Node, nodesOf, OTHER_VALUES, treeOf, write } from '../support/der-tree.ts';
import { hasOpenssl, workbench } from '../support/openssl.ts';
import { generalizedTime, makeList, makeResponse, scope } from '../support/revocations.ts';

const root = makeCertificate({ subject: 'CN=Root', key: testKey('p256', 'root'), ca: true });
const leaf = makeCertificate({ subject: 'CN=Signer', key: testKey('p256', 'leaf'), issuer: root });
const responder = makeCertificate({ subject: 'CN=R', key: testKey('p256', 'r'), issuer: root, extendedKeyUsage: [OID.ocspSigning] });
const entry = { serial: leaf.certificate.serial };
const uri = 'http://crl.example/';

function refusal(read: () => unknown): DisksealError {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(DisksealError);
    return error as DisksealError;
  }
  throw new Error('it was read');
}

/** A list or response changed in one place, its signature as it was. */
function changed(source: Uint8Array, change: (top: Node) => void): Uint8Array {
  const top = treeOf(source);
  change(top);
  return write(top);
}

const leafNode = (tag: number, ...octets: number[]): Node => ({ tag, children: [], content: Uint8Array.from(octets) });
const nodeOf = (bytes: Uint8Array): Node => treeOf(bytes);

describe('revocation lists', () => {
  const list = makeList({ issuer: root, entries: [{ ...entry, reason: 1 }] });
  const cases: [string, (top: Node) => void, RegExp][] = [
    ['version 3', (top) => void (at(top, 0, 0).content = Uint8Array.of(2)), /neither version 1 nor 2/],
    [
      'another algorithm inside',
      (top) => void (top.children[1] = nodeOf(der.sequence(der.oid(OID.ecdsaWithSha384)))),
      /the two signature algorithms differ/,
    ],
    ['no issuer', (top) => void (at(top, 0, 2).children = []), /names no issuer/],
    [
      'a next update before this one',
      (top) => void at(top, 0).children.splice(3, 2, ...at(top, 0).children.slice(3, 5).reverse()),
      /its next update comes before/,
    ],
    ['an empty list', (top) => void (at(top, 0, 5).children = []), /an empty list of entries/],
    ['version 1 with extensions', (top) => void at(top, 0).children.shift(), /extensions/],
    ['more after the extensions', (top) => void at(top, 0).children.push(leafNode(5)), /more members/],
    ['more after the signature', (top) => void top.children.push(leafNode(5)), /more members/],
    ['no signature', (top) => void top.children.pop(), /ends before its tag/],
    ['no tbs', (top) => void (top.children[0] = leafNode(5)), /tbsCertList is missing/],
    ['an entry that is no SEQUENCE', (top) => void (at(top, 0, 5).children[0] = leafNode(5)), /no SEQUENCE/],
    ['an entry without serial number', (top) => void at(top, 0, 5, 0).children.shift(), /without serial number/],
    ['a serial number in too many octets', (top) => void (at(top, 0, 5, 0, 0).content = Uint8Array.of(0, 1)), /without serial number/],
    ['an entry without date', (top) => void at(top, 0, 5, 0).children.splice(1, 1), /without date/],
    ['a date of letters', (top) => void (at(top, 0, 5, 0, 1).content = new TextEncoder().encode('2605220a0000Z')), /without date/],
    ['a date without Z', (top) => void (at(top, 0, 5, 0, 1).content = new TextEncoder().encode('2605220000000')), /without date/],
    ['a short date', (top) => void (at(top, 0, 5, 0, 1).content = new TextEncoder().encode('260522000Z')), /without date/],
    ['more in an entry', (top) => void at(top, 0, 5, 0).children.push(leafNode(5)), /after the end/],
  ];
  test.each(cases)('%s', (_, change, words) => {
    const error = refusal(() => parseCertificateList(changed(list, change), 1000));
    expect(['E_DER', 'E_CERTIFICATE']).toContain(error.code);
    expect(error.message).toMatch(words);
    expect(error.offset).toBeGreaterThanOrEqual(1000);
  });

  test('what follows, and what is too long', () => {
    expect(refusal(() => parseCertificateList(Uint8Array.of(...list, 0))).message).toMatch(/1 bytes after the end/);
    expect(refusal(() => parseCertificateList(new Uint8Array((64 << 20) + 1))).message).toMatch(/bytes are more than/);
  });

  test('version 1 entries have no extensions', () => {
    expect(refusal(() => parseCertificateList(makeList({ issuer: root, version: 1, entries: [{ ...entry, reason: 1 }] }))).message).toMatch(
      /an entry with extensions in a list of version 1/,
    );
  });

  test('every entry is read in full, whether it matters or not', () => {
    const find = (bytes: Uint8Array) => parseCertificateList(bytes).revoked.find(entry.serial);
    for (const reason of [7, 11, 255]) {
      const bytes = makeList({ issuer: root, entries: [{ serial: Uint8Array.of(1), reason }, entry] });
      expect(refusal(() => parseCertificateList(bytes)).message).toMatch(/not a reason|canonical/);
    }
    const odd = extension(OID.invalidityDate, der.time(NOW));
    expect(refusal(() => parseCertificateList(makeList({ issuer: root, entries: [{ ...entry, extensions: [odd] }] }))).code).toBe('E_DER');
    expect(find(makeList({ issuer: root, entries: [{ ...entry, invalidityDate: NOW }] }))).toMatchObject([
      { reason: 'unspecified', invalidityDate: NOW },
    ]);
    expect(find(makeList({ issuer: root, entries: [{ ...entry, date: Date.UTC(2051, 0) / 1000 }] }))[0].date).toBe(
      Date.UTC(2051, 0) / 1000,
    );
  });

  test('a date is one when the slow way says so', () => {
    const two = (number: number): string => String(number).padStart(2, '0');
    const digits = fc.tuple(...[99, 14, 33, 25, 61, 61].map((max) => fc.nat(max)));
    const withDate = (tag: number, text: string): Uint8Array =>
      changed(
        list,
        (top) =>
          void (top.children[0].children[5].children[0].children[1] = { tag, children: [], content: new TextEncoder().encode(text) }),
      );
    const isGood = (bytes: Uint8Array): boolean => {
      try {
        return parseCertificateList(bytes).revoked.find(entry.serial).length === 1;
      } catch (error) {
        expect(error).toBeInstanceOf(DisksealError);
        return false;
      }
    };
    const century = fc.constantFrom('', '19', '20', '21');
    fc.assert(
      fc.property(digits, century, (parts, first) => {
        const text = `${first}${parts.map(two).join('')}Z`;
        const year = first === '' ? (parts[0] < 50 ? 2000 : 1900) + parts[0] : Number(first) * 100 + parts[0];
        const [, month, day, hour, minute, second] = parts;
        const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
        const same = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
        const exists = same && month > 0 && minute < 60 && second < 60 && (first === '' || year >= 2050);
        expect(isGood(withDate(first === '' ? 0x17 : 0x18, text)), text).toBe(exists);
      }),
      {
        numRuns: 1000,
        examples: [
          [[0, 2, 29, 0, 0, 0], ''],
          [[0, 2, 29, 0, 0, 0], '21'],
          [[52, 2, 29, 23, 59, 59], '20'],
          [[24, 2, 30, 0, 0, 0], ''],
        ],
      },
    );
  });

  const extensions: [string, Uint8Array, RegExp][] = [
    ['a negative number', extension(OID.crlNumber, der.integer(-1)), /must not be negative/],
    ['a number of 21 octets', extension(OID.crlNumber, der.element(2, new Uint8Array(21).fill(1))), /more than 20 octets/],
    ['two numbers', extension(OID.crlNumber, der.integer(1)), /appears twice/],
    ['a scope that says nothing', extension(OID.issuingDistributionPoint, der.sequence(), true), /says nothing/],
    ['a scope of two kinds', scope({ flags: [1, 2] }), /only about one/],
    [
      'a flag that is FALSE',
      extension(OID.issuingDistributionPoint, der.sequence(der.element(0x81, Uint8Array.of(0))), true),
      /must be TRUE/,
    ],
    ['a time that is none', extension(OID.expiredCertsOnCrl, der.time(NOW)), /generalized time/i],
    ['a freshest list that is none', extension(OID.freshestCrl, der.sequence(der.sequence())), /neither a name nor an issuer/],
  ];
  test.each(extensions)('%s', (_, bytes, words) => {
    const number = _ === 'two numbers' ? 1 : undefined;
    expect(refusal(() => parseCertificateList(makeList({ issuer: root, number, extensions: [bytes] }))).message).toMatch(words);
  });

  test('every extension in its right form', () => {
    const point = der.sequence(der.explicit(0, der.explicit(0, der.element(0x86, new TextEncoder().encode(uri)))));
    const relative = der.sequence(der.explicit(0, der.element(0xa1, der.sequence(der.oid(OID.commonName), der.utf8String('x')))));
    const foreign = der.sequence(der.implicit(1, der.namedBits([1])), der.explicit(2, der.explicit(4, root.certificate.subject.bytes)));
    const { extensions: read } = parseCertificateList(
      makeList({
        issuer: root,
        extensions: [
          scope({ uri, flags: [4], reasons: true }),
          extension(OID.deltaCrlIndicator, der.integer(7), true),
          extension(OID.freshestCrl, der.sequence(point, relative, foreign)),
          extension(OID.expiredCertsOnCrl, generalizedTime(NOW)),
        ],
      }),
    );
    expect(read).toMatchObject({ crlNumber: 1n, deltaCrlIndicator: 7n, expiredCertsOnCrl: NOW });
    expect(read.issuingDistributionPoint).toMatchObject({ names: [{ text: uri }], indirectCrl: true, onlySomeReasons: true });
    expect([...read.critical].sort()).toEqual([OID.deltaCrlIndicator, OID.issuingDistributionPoint]);
  });
});

describe('OCSP responses', () => {
  const response = makeResponse({ signer: responder, answers: [{ certificate: leaf, status: 'revoked', reason: 1 }] });
  /** Changes BasicOCSPResponse, which stands in an OCTET STRING. */
  const changedBasic = (change: (basic: Node) => void): Uint8Array =>
    changed(response, (top) => {
      const octets = at(top, 1, 0, 1);
      octets.content = changed(octets.content, change);
    });
  const cases: [string, (basic: Node) => void, RegExp][] = [
    [
      'version 1 written out',
      (basic) => void at(basic, 0).children.unshift(nodeOf(der.explicit(0, der.integer(0)))),
      /version 1 written out/,
    ],
    ['a responder of another kind', (basic) => void (at(basic, 0, 0).tag = 0xa3), /responderID/],
    [
      'a key hash of 19 octets',
      (basic) => void (at(basic, 0).children[0] = nodeOf(der.explicit(2, der.octetString(new Uint8Array(19))))),
      /no SHA-1/,
    ],
    ['no answers', (basic) => void (at(basic, 0, 2).children = []), /at least 1/],
    [
      'a CertID by MD5',
      (basic) => void (at(basic, 0, 2, 0, 0).children[0] = nodeOf(der.sequence(der.oid('1.2.840.113549.2.5')))),
      /named by MD5/,
    ],
    ['a CertID with parameters', (basic) => void (at(basic, 0, 2, 0, 0, 0).children[1] = leafNode(2, 0)), /named by SHA-1/],
    ['a CertID with a short hash', (basic) => void (at(basic, 0, 2, 0, 0, 1).content = new Uint8Array(19)), /a wrong length/],
    ['a status that is none', (basic) => void (at(basic, 0, 2, 0).children[1] = leafNode(0x83)), /does not exist/],
    ['a good status with content', (basic) => void (at(basic, 0, 2, 0).children[1] = leafNode(0x80, 0)), /does not exist/],
    ['a reason that is none', (basic) => void (at(basic, 0, 2, 0, 1, 1, 0).content = Uint8Array.of(7)), /not a reason/],
    ['a reason of two octets', (basic) => void (at(basic, 0, 2, 0, 1, 1, 0).content = Uint8Array.of(1, 1)), /not a reason/],
    [
      'a time with a fraction',
      (basic) => void (at(basic, 0, 1).content = new TextEncoder().encode('20260531000000.5Z')),
      /no whole second/,
    ],
    ['a time in UTCTime', (basic) => void (at(basic, 0).children[1] = nodeOf(der.time(NOW))), /generalized time/i],
    ['more in the data', (basic) => void at(basic, 0).children.push(leafNode(5)), /does not belong here/],
    ['more than it has', (basic) => void basic.children.push(leafNode(5)), /does not belong here/],
  ];
  test.each(cases)('%s', (_, change, words) => {
    const error = refusal(() => parseOcspResponse(changedBasic(change), 1000));
    expect(['E_DER', 'E_CERTIFICATE']).toContain(error.code);
    expect(error.message).toMatch(words);
    expect(error.offset).toBeGreaterThanOrEqual(1000);
  });

  const outside: [string, (top: Node) => void, RegExp][] = [
    ['a failure with an answer', (top) => void (at(top, 0).content = Uint8Array.of(3)), /refused to answer: try later/],
    ['a status of two octets', (top) => void (at(top, 0).content = Uint8Array.of(1, 0)), /a status that does not exist/],
    ['another type', (top) => void (at(top, 1, 0).children[0] = nodeOf(der.oid('1.2.3'))), /an answer of the type 1\.2\.3/],
    ['no answer', (top) => void top.children.pop(), /holds no answer/],
  ];
  test.each(outside)('%s', (_, change, words) => {
    expect(refusal(() => parseOcspResponse(changed(response, change))).message).toMatch(words);
  });

  test('a next update before this one; extensions', () => {
    const read = (answer: object, whole: object = {}): unknown =>
      parseOcspResponse(makeResponse({ signer: root, answers: [{ certificate: leaf, ...answer }], ...whole }));
    expect(refusal(() => read({ thisUpdate: NOW, nextUpdate: NOW - 1 })).message).toMatch(/its next update comes before/);
    const odd = [extension('1.2.3', der.nullValue(), true)];
    expect(refusal(() => read({ extensions: odd })).message).toMatch(/critical extension 1\.2\.3/);
    expect(refusal(() => read({}, { extensions: odd })).message).toMatch(/critical extension 1\.2\.3/);
    const known = [extension(OID.ocspNonce, der.octetString(new Uint8Array(16))), extension('1.2.3', der.nullValue())];
    expect(read({ extensions: [extension(OID.ocspArchiveCutoff, generalizedTime(NOW))] }, { extensions: known })).toMatchObject({
      answers: [{ archiveCutoff: NOW }],
    });
    expect(refusal(() => read({}, { extensions: [extension(OID.ocspNonce, der.nullValue())] })).code).toBe('E_DER');
    expect(refusal(() => read({}, { extensions: [extension(OID.ocspExtendedRevoke, der.integer(1))] })).code).toBe('E_DER');
    expect(refusal(() => parseOcspResponse(new Uint8Array((1 << 20) + 1))).message).toMatch(/bytes are more than/);
  });

  test('put together again it is the same, and with other certificates still signed', () => {
    const parsed = parseOcspResponse(response);
    expect(encodeOcspResponse(parsed, [responder.bytes])).toEqual(response);
    const bare = parseOcspResponse(encodeOcspResponse(parsed, []));
    expect(bare.certificates).toEqual([]);
    expect(bare.tbs).toEqual(parsed.tbs);
  });
});

describe('no node may be written otherwise', () => {
  test.each([
    ['list', makeList({ issuer: root, entries: [{ ...entry, reason: 1, invalidityDate: NOW }], extensions: [scope({ uri })] })],
    ['response', makeResponse({ signer: responder, answers: [{ certificate: leaf, status: 'revoked', reason: 1 }] })],
  ])('of a %s', (_, source) => {
    const top = treeOf(source);
    for (const node of nodesOf(top)) {
      for (const [name, spelling] of Object.entries(BER_SPELLINGS)) {
        const error = refusal(() => parseEvidence(write(top, { node, spelling })));
        expect(['E_DER', 'E_CERTIFICATE', 'E_KEY'], name).toContain(error.code);
      }
      for (const spelling of Object.values(OTHER_VALUES)) {
        try {
          parseEvidence(write(top, { node, spelling }));
        } catch (error) {
          expect(error).toBeInstanceOf(DisksealError);
        }
      }
    }
  });

  test('random octets are no evidence', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom([], [0x30, 0x82], [0x30, 0x03, 0x0a]), (octets, start) => {
        refusal(() => parseEvidence(Uint8Array.of(...start, ...octets)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('SHA-1, for names', () => {
  test('is what Node says it is', () => {
    for (let length = 0; length < 300; length++) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 7 + length) & 255);
      expect(sha1(bytes)).toEqual(new Uint8Array(createHash('sha1').update(bytes).digest()));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(sha1(bytes)).toEqual(new Uint8Array(createHash('sha1').update(bytes).digest()));
      }),
    );
  });

  test.skipIf(!hasOpenssl)('a request is read by openssl', () => {
    const bench = workbench();
    bench.write('request.der', encodeOcspRequest(leaf.certificate, root.certificate));
    const { output } = bench.attempt('ocsp', '-reqin', 'request.der', '-req_text', '-noverify');
    expect(output).toMatch(/Hash Algorithm: sha1/);
    expect(output.toLowerCase()).toContain(Buffer.from(leaf.certificate.serial).toString('hex').replace(/^00/, ''));
    bench.remove();
  });
});
