/** What PKCS#12 files may hold that openssl does not write. Files by openssl and others: test/keys. */
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/core/errors.ts';
import * as der from '../../src/pki/der-write.ts';
import { encodePbes2 } from '../../src/pki/password-encryption.ts';
import { looksLikePfx, parsePfx, parseSafeContents } from '../../src/pki/pkcs12.ts';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';

const contentInfo = (type: string, content: Uint8Array): Uint8Array => der.sequence(der.oid(type), der.explicit(0, content));
const pfx = (safes: Uint8Array[], { version = 3, type = DATA, mac = [] as Uint8Array[] } = {}): Uint8Array =>
  der.sequence(der.integer(version), contentInfo(type, der.octetString(der.sequence(...safes))), ...mac);
const encrypted = (content: Uint8Array): Uint8Array =>
  contentInfo(
    ENCRYPTED_DATA,
    der.sequence(der.integer(0), der.sequence(der.oid(DATA), encodePbes2(new Uint8Array(16), 2048, new Uint8Array(16)), content)),
  );
const mac = (hash: string, ...iterations: Uint8Array[]): Uint8Array =>
  der.sequence(
    der.sequence(der.sequence(der.oid(hash), der.nullValue()), der.octetString(new Uint8Array(32))),
    der.octetString(Uint8Array.of(1, 2)),
    ...iterations,
  );
const bag = (type: string, value: Uint8Array, ...attributes: Uint8Array[]): Uint8Array =>
  der.sequence(der.oid(type), der.explicit(0, value), ...attributes);
const refused = (work: () => unknown, code: ErrorCode, words: RegExp): void =>
  expect(work).toThrow(expect.objectContaining({ code, message: expect.stringMatching(words) }));

describe('a file', () => {
  test('without anything in it, without a MAC', () => {
    expect(parsePfx(pfx([]))).toMatchObject({ mac: undefined, safes: [] });
  });

  test('with a MAC: one round unless it says otherwise', () => {
    const sha384 = '2.16.840.1.101.3.4.2.2';
    expect(parsePfx(pfx([], { mac: [mac(sha384)] })).mac).toMatchObject({ hash: 'sha384', iterations: 1, salt: Uint8Array.of(1, 2) });
    expect(parsePfx(pfx([], { mac: [mac(sha384, der.integer(7))] })).mac).toMatchObject({ iterations: 7 });
    refused(() => parsePfx(pfx([], { mac: [mac('1.2.840.113549.2.5')] })), 'E_KEY', /integrity check/);
    refused(() => parsePfx(pfx([], { mac: [mac(sha384, der.integer(1n << 32n))] })), 'E_DER', /iterations/);
  });

  test('encrypted, in one piece or in several', () => {
    const pieces = [Uint8Array.of(1, 2, 3), Uint8Array.of(), Uint8Array.of(4)].map((piece) => der.octetString(piece));
    const whole = parsePfx(pfx([encrypted(der.element(0x80, Uint8Array.of(1, 2, 3, 4)))]));
    expect(whole.safes).toMatchObject([{ encryption: { kind: 'pbes2', cipher: 'aes-256-cbc' }, contents: Uint8Array.of(1, 2, 3, 4) }]);
    expect(parsePfx(pfx([encrypted(der.element(0xa0, ...pieces))])).safes).toEqual(whole.safes);
    refused(() => parsePfx(pfx([encrypted(der.element(0xa0, der.integer(1)))])), 'E_DER', /encryptedContent/);
    refused(() => parsePfx(pfx([encrypted(der.octetString(new Uint8Array(4)))])), 'E_DER', /encryptedContent/);
  });

  test('of another version, or protected by keys', () => {
    refused(() => parsePfx(pfx([], { version: 2 })), 'E_KEY', /version 2/);
    refused(() => parsePfx(pfx([], { type: '1.2.840.113549.1.7.2' })), 'E_KEY', /public key/);
    refused(() => parsePfx(pfx([contentInfo('1.2.840.113549.1.7.3', der.sequence())])), 'E_KEY', /a part of the PKCS#12 file/);
    refused(
      () => parsePfx(pfx(Array.from({ length: 65 }, () => contentInfo(DATA, der.octetString(der.sequence()))))),
      'E_DER',
      /65 elements/,
    );
  });

  test('is known by its first bytes, whatever the form of its length', () => {
    const known = pfx([]);
    expect(looksLikePfx(known)).toBe(true);
    expect(looksLikePfx(pfx([contentInfo(DATA, der.octetString(new Uint8Array(300)))]))).toBe(true);
    expect(looksLikePfx(Uint8Array.of(0x30, 0x80, 2, 1, 3))).toBe(true);
    expect(looksLikePfx(pfx([], { version: 1 }))).toBe(false);
    for (const bytes of [[], [0x30], [0x31, 3, 2, 1, 3], [0x30, 3, 4, 1, 3], [0x30, 4, 2, 2, 3, 0]])
      expect(looksLikePfx(Uint8Array.from(bytes))).toBe(false);
  });
});

describe('bags', () => {
  const x509 = '1.2.840.113549.1.9.22.1';
  const certificateBag = (type: string, value: Uint8Array): Uint8Array =>
    bag(CERTIFICATE_BAG, der.sequence(der.oid(type), der.explicit(0, value)), der.setOf([]));

  test('certificates are taken; lists, secrets and other bags passed over', () => {
    const contents = der.sequence(
      bag('1.2.840.113549.1.12.10.1.4', der.sequence()),
      certificateBag(x509, der.octetString(Uint8Array.of(7))),
      bag('1.2.840.113549.1.12.10.1.6', der.sequence()),
    );
    expect(parseSafeContents(contents)).toEqual({ keys: [], encryptedKeys: [], certificates: [Uint8Array.of(7)] });
    expect(parseSafeContents(der.sequence())).toEqual({ keys: [], encryptedKeys: [], certificates: [] });
  });

  test('a certificate of another kind is said to be one', () => {
    const sdsi = certificateBag('1.2.840.113549.1.9.22.2', der.utf8String('x'));
    refused(() => parseSafeContents(der.sequence(sdsi)), 'E_KEY', /not X\.509/);
  });
});
