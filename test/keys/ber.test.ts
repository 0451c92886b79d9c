import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { readKeyFile } from '../../src/keys/key-file.ts';
import { derive, PURPOSE, pkcs12Password } from '../../src/keys/pkcs12-kdf.ts';
import { derFromBer } from '../../src/pki/ber.ts';
import { type DerElement, readDer } from '../../src/pki/der.ts';
import * as write from '../../src/pki/der-write.ts';
import { hasOpenssl, KEY_OPTIONS, type Workbench, workbench } from '../support/openssl.ts';

/** The same value with indefinite lengths, octet strings in pieces, sets the wrong way round. */
function berOf(element: DerElement): Uint8Array {
  const end = Uint8Array.of(0, 0);
  const open = (tag: number, parts: Uint8Array[]): Uint8Array => new Uint8Array([tag, 0x80, ...parts.flatMap((part) => [...part]), ...end]);
  if (element.tag === 0x04)
    return open(0x24, [write.octetString(element.content.subarray(0, 3)), open(0x24, [write.octetString(element.content.subarray(3))])]);
  // A file is known by its first bytes, so its version stays as everybody writes it.
  if (element.tag === 0x02 && element.content.length === 1) return element.bytes;
  if (!(element.tag & 0x20))
    return new Uint8Array([element.tag, 0x84, 0, 0, 0, 0, ...element.content]).map((byte, index) =>
      index === 4 ? element.content.length >> 8 : index === 5 ? element.content.length & 255 : byte,
    );
  const children = element.children.map(berOf);
  return open(element.tag, element.tag === 0x31 ? children.reverse() : children);
}

const value: fc.Arbitrary<Uint8Array> = fc.letrec<{ node: Uint8Array }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.uint8Array({ maxLength: 300 }).map((bytes) => write.octetString(bytes)),
    fc.bigInt().map((number) => write.integer(number)),
    fc.boolean().map((one) => write.boolean(one)),
    fc.array(tie('node'), { maxLength: 4 }).map((nodes) => write.sequence(...nodes)),
    fc.array(tie('node'), { maxLength: 4 }).map((nodes) => write.setOf(nodes)),
    tie('node').map((node) => write.explicit(0, node)),
  ),
})).node;

describe('BER', () => {
  it('becomes the one DER of its value, and DER stays as it is', () => {
    fc.assert(
      fc.property(value, (der) => {
        expect(Buffer.from(derFromBer(der, 'test')).equals(Buffer.from(der))).toBe(true);
        expect(Buffer.from(derFromBer(berOf(readDer(der, 'test')), 'test')).equals(Buffer.from(der))).toBe(true);
      }),
    );
  });

  it.each([
    ['a piece of an octet string that is none', [0x24, 0x80, 0x02, 1, 5, 0, 0], /a piece that is none/],
    ['something primitive without a length', [0x04, 0x80, 0, 0], /indefinite length of something primitive/],
    ['no end', [0x30, 0x80, 0x05, 0], /without its end/],
    ['half an end', [0x30, 0x80, 0], /ends before its length|without its end/],
    ['a long tag', [0x1f, 0x81, 0, 0], /tag number above 30/],
    ['a length of nine octets', [0x04, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0], /inside its length/],
    ['a length beyond the end', [0x30, 4, 0x04, 3, 1, 2], /claims 3 bytes where 2 are left|claims 4 bytes where 4/],
    ['more than one', [0x05, 0, 0x05, 0], /2 bytes after the end/],
    ['33 in each other', Array.from({ length: 33 }, () => [0x30, 0x80]).flat(), /more than 32 deep/],
  ])('%s is refused', (_, bytes, words) => {
    expect(() => derFromBer(Uint8Array.from(bytes), 'test')).toThrow(
      expect.objectContaining({ code: 'E_DER', message: expect.stringMatching(words) }),
    );
  });

  it('that is none fails with an error of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          derFromBer(bytes, 'test');
        } catch (error) {
          expect(error).toBeInstanceOf(DisksealError);
        }
      }),
      { numRuns: 3000 },
    );
    expect(() =>
      derFromBer(
        new Uint8Array(200).fill(0x30).map((byte, index) => (index % 2 ? 0x80 : byte)),
        'test',
      ),
    ).toThrow('nested more than');
    expect(() => derFromBer(Uint8Array.of(0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255), 'test')).toThrow('claims');
    expect(() => derFromBer(Uint8Array.of(5, 0, 5, 0), 'test')).toThrow('after the end');
  });
});

describe.skipIf(!hasOpenssl)('PKCS#12 in BER', () => {
  let bench: Workbench;
  beforeAll(() => {
    bench = workbench();
    bench.openssl('genpkey', ...KEY_OPTIONS.p256, '-out', 'k.key');
    bench.openssl('req', '-x509', '-new', '-key', 'k.key', '-subj', '/CN=x', '-out', 'k.pem');
    // A long friendly name: in DER the shorter localKeyID comes first.
    bench.openssl(
      'pkcs12',
      '-export',
      '-inkey',
      'k.key',
      '-in',
      'k.pem',
      '-name',
      'Developer ID Application: Example',
      '-passout',
      'pass:pw',
      '-out',
      'k.p12',
    );
  });
  afterAll(() => bench.remove());

  /** The file with its AuthenticatedSafe changed and the MAC made anew. */
  async function remade(change: (authenticated: DerElement) => Uint8Array): Promise<Uint8Array> {
    const pfx = readDer(readFileSync(bench.path('k.p12')), 'PFX');
    const [version, authSafe, mac] = pfx.children;
    const authenticated = change(readDer(authSafe.children[1].children[0].content, 'AuthenticatedSafe'));
    const salt = mac.children[1].content;
    const key = await derive({ hash: 'sha256', password: pkcs12Password('pw'), salt, iterations: 2048, purpose: PURPOSE.mac, length: 32 });
    const digest = createHmac('sha256', key).update(authenticated).digest();
    const macData = write.sequence(
      write.sequence(mac.children[0].children[0].bytes, write.octetString(digest)),
      mac.children[1].bytes,
      mac.children[2].bytes,
    );
    return write.sequence(
      version.bytes,
      write.sequence(authSafe.children[0].bytes, write.explicit(0, write.octetString(authenticated))),
      macData,
    );
  }

  const opens = async (name: string): Promise<void> => {
    const { privateKeys, certificates } = await readKeyFile(bench.path(name), () => Promise.resolve('pw'));
    expect(privateKeys).toHaveLength(1);
    expect(certificates.map(({ subject }) => subject.text)).toEqual(['CN=x']);
  };

  it('outside opens', async () => {
    bench.write('outer.p12', berOf(readDer(readFileSync(bench.path('k.p12')), 'PFX')));
    await opens('outer.p12');
  });

  it('inside opens, unsorted attributes of keys among it, as Keychain writes them', async () => {
    bench.write('same.p12', await remade((authenticated) => authenticated.bytes));
    await opens('same.p12');
    bench.write('inner.p12', await remade(berOf));
    await opens('inner.p12');
    // The key's safe is the second, in clear: its bag's attributes are a SET of two.
    const unsorted = await remade((authenticated) => {
      const [certificateSafe, keySafe] = authenticated.children;
      const contents = readDer(keySafe.children[1].children[0].content, 'SafeContents');
      const [id, bag, attributes] = contents.children[0].children;
      expect(attributes.children).toHaveLength(2);
      const reversed = write.element(0x31, ...attributes.children.map(({ bytes }) => bytes).reverse());
      const changed = write.sequence(write.sequence(id.bytes, bag.bytes, reversed));
      return write.sequence(
        certificateSafe.bytes,
        write.sequence(keySafe.children[0].bytes, write.explicit(0, write.octetString(changed))),
      );
    });
    bench.write('unsorted.p12', unsorted);
    await opens('unsorted.p12');
  });
});
