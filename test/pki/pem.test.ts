import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { decodeBase64, encodeBase64 } from '../../src/pki/base64.ts';
import { isPem, readPem, writePem } from '../../src/pki/pem.ts';

describe('base 64', () => {
  test('both ways, as node has it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  test.each(['A', 'AA', 'AAA', 'A===', 'AA=A', '====', 'AB==', 'AAB=', 'AA==AA==', 'A A=', 'AAA-', 'ÄAAA', 'AAAA\n'])(
    '%j is not canonical',
    (text) => {
      expect(decodeBase64(text)).toBeUndefined();
    },
  );
});

describe('PEM', () => {
  const good = writePem(
    'CERTIFICATE',
    Uint8Array.from({ length: 100 }, (_, index) => index),
  );

  test('lines of 64 characters, as openssl writes them', () => {
    const body = (length: number): string[] => writePem('X', new Uint8Array(length)).split('\n').slice(1, -2);
    expect([1, 47, 48, 49, 96, 97].map((length) => body(length).map((line) => line.length))).toEqual([
      [4],
      [64],
      [64],
      [64, 4],
      [64, 64],
      [64, 64, 4],
    ]);
  });

  test('a file of another kind, given by mistake, is not read line by line', () => {
    const large = ' '.repeat(4 << 20);
    expect(readPem(large)).toEqual([]);
    for (const source of [`${large}\n`, new Uint8Array((4 << 20) + 1)])
      expect(() => readPem(source)).toThrow(expect.objectContaining({ code: 'E_KEY', message: expect.stringMatching(/too many/) }));
  });

  test('both ways, with text around, CRLF and several blocks', () => {
    const text = `subject=CN=x\n${good}\nBag Attributes\n${writePem('EC PRIVATE KEY', Uint8Array.of(1))}`.replaceAll('\n', '\r\n');
    expect(readPem(text).map(({ label, bytes, line }) => [label, bytes.length, line])).toEqual([
      ['CERTIFICATE', 100, 2],
      ['EC PRIVATE KEY', 1, 9],
    ]);
    expect(isPem(Buffer.from(text))).toBe(true);
    expect(isPem(Uint8Array.of(0x30, 0))).toBe(false);
    expect(readPem('nothing here')).toEqual([]);
  });

  test('old headers are kept apart', () => {
    const text =
      '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n';
    const [block] = readPem(text);
    expect(block.headers.get('Proc-Type')).toBe('4,ENCRYPTED');
    expect(block.bytes).toEqual(new Uint8Array(3));
  });

  test.each([
    ['no end', '-----BEGIN X-----\nAAAA\n', 1],
    ['another end', '\n-----BEGIN X-----\nAAAA\n-----END Y-----\n', 4],
    ['a block inside a block', '-----BEGIN X-----\n-----BEGIN X-----\nAAAA\n-----END X-----\n', 2],
    ['an odd label', '-----BEGIN x-----\nAAAA\n-----END x-----\n', 1],
    ['no content', '-----BEGIN X-----\n-----END X-----\n', 1],
    ['a stray character', '-----BEGIN X-----\nAA*A\n-----END X-----\n', 1],
    ['padding in the middle', '-----BEGIN X-----\nAA==\nAAAA\n-----END X-----\n', 1],
    ['a byte outside ASCII', '-----BEGIN X-----\nAA\u00e4A\n-----END X-----\n', 1],
  ])('%s', (_, text, line) => {
    try {
      readPem(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DisksealError);
      expect((error as DisksealError).code).toBe('E_KEY');
      expect((error as DisksealError).line).toBe(line);
    }
  });
});
