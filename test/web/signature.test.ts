/** Signatures by Web Crypto beside node:crypto: keys and encodings that the Wycheproof vectors do not have. */
import { constants, generateKeyPairSync, type RSAPSSKeyPairKeyObjectOptions, sign } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { curveOf, rawSignature } from '../../src/web/ecdsa.ts';
import { webPlatform } from '../../src/web/platform.ts';
import { testPlatform } from '../support/platform.ts';

const platforms = [
  ['Web Crypto', webPlatform()],
  ['node:crypto', testPlatform],
] as const;
const message = new TextEncoder().encode('what is signed');
const spkiOf = (publicKey: { export(options: { type: 'spki'; format: 'der' }): Buffer }): Uint8Array =>
  new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));

describe.each(platforms)('%s', (_, platform) => {
  test.each([
    ['bound to RSA-PSS', { hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256', saltLength: 32 }],
    ['for RSA-PSS without parameters', {}],
  ])('a key %s', async (_, bound) => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa-pss', {
      modulusLength: 2048,
      ...bound,
    } as unknown as RSAPSSKeyPairKeyObjectOptions);
    const options = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const signature = new Uint8Array(sign('sha256', message, options));
    const check = { publicKey: spkiOf(publicKey), scheme: 'rsa-pss', hash: 'sha256', message, signature } as const;
    expect(await platform.verifySignature(check)).toBe(true);
    expect(await platform.verifySignature({ ...check, message: message.subarray(1) })).toBe(false);
  });

  test.each(['prime256v1', 'secp384r1', 'secp521r1'])('%s signs and is bound to its message', async (namedCurve) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const signature = new Uint8Array(sign('sha384', message, privateKey));
    const check = { publicKey: spkiOf(publicKey), scheme: 'ecdsa', hash: 'sha384', message, signature } as const;
    expect(await platform.verifySignature(check)).toBe(true);
    expect(await platform.verifySignature({ ...check, hash: 'sha256' })).toBe(false);
    expect(await platform.verifySignature({ ...check, hash: undefined })).toBe(false);
  });

  test('a key that is none is no error', async () => {
    for (const scheme of ['ecdsa', 'rsa-pkcs1', 'rsa-pss', 'ed25519'] as const) {
      for (const publicKey of [new Uint8Array(), Uint8Array.of(0x30, 0x83, 1, 1, 1), new Uint8Array(300).fill(0x30)]) {
        const check = { publicKey, scheme, hash: 'sha256', message, signature: new Uint8Array(64) } as const;
        expect(await platform.verifySignature(check)).toBe(false);
      }
    }
  });
});

test('a curve is told by the whole of its prefix', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const spki = spkiOf(publicKey);
  expect(curveOf(spki)?.name).toBe('P-256');
  for (let at = 0; at < 27; at++) expect(curveOf(spki.map((byte, index) => (index === at ? byte ^ 1 : byte)))).toBeUndefined();
  expect(curveOf(spki.subarray(0, -1))).toBeUndefined();
  expect(curveOf(Uint8Array.of(...spki, 0))).toBeUndefined();
});

describe('the DER of an ECDSA signature', () => {
  const curve = { name: 'P-256', width: 32, order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n };
  const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  const number = (value: bigint): string => {
    const hex = value.toString(16);
    const even = hex.length % 2 ? `0${hex}` : hex;
    const signed = Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even;
    return `02${(signed.length / 2).toString(16).padStart(2, '0')}${signed}`;
  };
  const sequence = (content: string): Uint8Array => bytes(`30${(content.length / 2).toString(16).padStart(2, '0')}${content}`);

  test('r and s side by side', () => {
    const raw = rawSignature(sequence(number(1n) + number(curve.order - 1n)), curve);
    expect(Buffer.from(raw!).toString('hex')).toBe(`${'00'.repeat(31)}01${(curve.order - 1n).toString(16)}`);
  });
  test.each([
    ['r is 0', sequence(number(0n) + number(1n))],
    ['s is 0', sequence(number(1n) + number(0n))],
    ['r is the order', sequence(number(curve.order) + number(1n))],
    ['s is the order and 1', sequence(number(1n) + number(curve.order + 1n))],
    ['r is negative', bytes('30 06 0201 ff 0201 01')],
    ['r has a needless zero', bytes('30 07 0202 0001 0201 01')],
    ['a byte after it', bytes('30 06 0201 01 0201 01 00')],
    ['a byte within it', bytes('30 08 0201 01 0201 01 0500')],
    ['a third number', bytes('30 09 0201 01 0201 01 0201 01')],
    ['one number', bytes('30 03 0201 01')],
    ['a long form of a short length', bytes('30 8106 0201 01 0201 01')],
    ['indefinite length', bytes('30 80 0201 01 0201 01 0000')],
    ['a length beyond the end', bytes('30 07 0201 01 0201 01')],
    ['a number beyond the sequence', bytes('30 05 0201 01 0201 01')],
    ['an empty number', bytes('30 05 0200 0201 01')],
    ['another tag', bytes('31 06 0201 01 0201 01')],
    ['an octet string for r', bytes('30 06 0401 01 0201 01')],
    ['nothing', bytes('')],
    ['a tag', bytes('30')],
    ['33 bytes of number', sequence(number(1n << 256n) + number(1n))],
  ])('%s: none', (_, der) => {
    expect(rawSignature(der, curve)).toBeUndefined();
  });
});

test('an algorithm that a browser does not have is said, not taken for a wrong signature', async () => {
  const missing = Object.assign(new Error('not here'), { name: 'NotSupportedError' });
  const importKey = vi.spyOn(globalThis.crypto.subtle, 'importKey').mockRejectedValue(missing);
  const check = { publicKey: new Uint8Array(44), scheme: 'ed25519', message, signature: new Uint8Array(64) } as const;
  await expect(webPlatform().verifySignature(check)).rejects.toMatchObject({ code: 'E_UNSUPPORTED', message: /Ed25519/ });
  importKey.mockRestore();
});
