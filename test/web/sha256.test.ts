/** Our streaming SHA-256 against NIST's vectors (FIPS 180-4 examples, CAVP byte-oriented messages) and node:crypto. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/core/struct.ts';
import { sha256 } from '../../src/web/sha256.ts';

async function digest(...pieces: Uint8Array[]): Promise<string> {
  const hash = sha256();
  for (const piece of pieces) await hash.update(piece);
  return toHex(await hash.digest());
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const native = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('NIST vectors', () => {
  test.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
    [
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
      'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
    ],
  ])('"%s"', async (message, expected) => {
    expect(await digest(ascii(message))).toBe(expected);
  });

  test('a million times "a"', async () => {
    const expected = 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0';
    expect(await digest(ascii('a'.repeat(1e6)))).toBe(expected);
    const hash = sha256();
    for (let done = 0; done < 1e6; done += 1000) await hash.update(ascii('a'.repeat(1000)));
    expect(toHex(await hash.digest())).toBe(expected);
  });

  test('one byte (CAVP ShortMsg, Len = 8)', async () => {
    expect(await digest(Uint8Array.of(0xd3))).toBe('28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1');
  });
});

test('every length around the blocks gives what node:crypto gives', async () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, at) => (at * 151) % 256);
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length);
    expect(await digest(part), `${length} bytes`).toBe(native(part));
  }
});

test('however a message is cut, the digest is that of the whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 }), async (pieces) => {
      expect(await digest(...pieces)).toBe(native(new Uint8Array(Buffer.concat(pieces))));
    }),
    { numRuns: 300 },
  );
});

test('a view into a larger buffer is read where it stands', async () => {
  const whole = Uint8Array.from({ length: 1000 }, (_, at) => at % 256);
  const part = whole.subarray(13, 777);
  expect(await digest(part)).toBe(native(part));
});

test('a length beyond 2^32 bits is padded right', async () => {
  // 513 MiB: the length in bits needs the upper word.
  const piece = new Uint8Array(1 << 20).fill(0x5a);
  const [ours, theirs] = [sha256(), createHash('sha256')];
  for (let done = 0; done < 513; done++) {
    await ours.update(piece);
    theirs.update(piece);
  }
  expect(toHex(await ours.digest())).toBe(theirs.digest('hex'));
});
