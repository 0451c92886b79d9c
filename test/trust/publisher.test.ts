import { describe, expect, test } from 'vitest';
import { writePem } from '../../src/pki/pem.ts';
import { parseAnchors, parseFingerprint } from '../../src/trust/anchor.ts';
import { isPublisher, parsePublisher, publisherFlag } from '../../src/trust/publisher.ts';
import { testChain } from '../support/certificates.ts';

const identity = { sha256: 'a'.repeat(64), spki: 'b'.repeat(64), subject: 'CN=Example Software,O=Example' };
const matches = (text: string): boolean => isPublisher(parsePublisher(text), identity);

describe('publishers', () => {
  test.each([
    ['*', true],
    [`sha256:${'a'.repeat(64)}`, true],
    [`SHA256:${'AA:'.repeat(31)}AA`, true],
    [`spki:${'b'.repeat(64)}`, true],
    [`sha256:${'b'.repeat(64)}`, false],
    [`spki:${'a'.repeat(64)}`, false],
    ['CN=Example Software,O=Example', true],
    ['CN=Example Software', false],
    ['O=Example', false],
    ['CN=Example', false],
    ['CN=Example Software,O=Example,C=DE', false],
    ['CN=example software,O=Example', false],
    ['O=Example,CN=Example Software', false],
  ])('%s: %s', (text, expected) => {
    expect(matches(text)).toBe(expected);
  });

  test.each(['', 'Example Software', 'sha256:', 'sha256:ab', `sha256:${'g'.repeat(64)}`, 'spki:x', '**'])(
    '%j is a mistake and is said to be one',
    (text) => {
      expect(() => parsePublisher(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
    },
  );

  test('the flag to paste never carries what a shell would run', () => {
    expect(publisherFlag(identity)).toBe("--publisher 'CN=Example Software,O=Example'");
    for (const subject of ["CN=x' ; rm -rf ~ '", 'CN=$(x)', 'CN=`x`', 'CN=a"b', 'CN=a\\nb', 'CN=a!b', '']) {
      expect(publisherFlag({ ...identity, subject })).toBe(`--publisher spki:${'b'.repeat(64)}`);
    }
  });
});

describe('anchors', () => {
  const { root, leaf } = testChain();

  test('PEM with several certificates, DER with one', () => {
    const pem = writePem('CERTIFICATE', root.bytes) + writePem('PRIVATE KEY', Uint8Array.of(5, 0)) + writePem('CERTIFICATE', leaf.bytes);
    expect(parseAnchors(new TextEncoder().encode(pem))).toHaveLength(2);
    expect(parseAnchors(root.bytes)).toMatchObject([{ kind: 'certificate', certificate: { bytes: root.bytes } }]);
  });

  test('a file without a certificate is a mistake', () => {
    expect(() => parseAnchors(new TextEncoder().encode(writePem('PRIVATE KEY', Uint8Array.of(5, 0))))).toThrow(
      expect.objectContaining({ code: 'E_KEY' }),
    );
    expect(() => parseAnchors(new TextEncoder().encode('hello'))).toThrow(expect.objectContaining({ code: 'E_DER' }));
  });

  test('fingerprints with and without colons', () => {
    expect(parseFingerprint(`sha256:${'AB:'.repeat(31)}AB`)).toEqual({ kind: 'fingerprint', sha256: 'ab'.repeat(32) });
    expect(parseFingerprint(`sha256:${'ab'.repeat(31)}`)).toBeUndefined();
    expect(parseFingerprint('root.pem')).toBeUndefined();
  });
});
