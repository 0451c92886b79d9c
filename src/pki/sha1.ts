/**
 * SHA-1, for identifiers alone. Source: FIPS 180-4 section 6.1.2.
 *
 * OCSP names a certificate's issuer by a hash of its name and key, and everybody uses SHA-1 for that (RFC 5019 section 2.1.1 demands it).
 * Nothing is believed because of this hash: who answered is proven by a signature with a hash of the allow-list. That is why it stands
 * here by itself, and why `Platform` has none.
 */
export function sha1(bytes: Uint8Array): Uint8Array {
  const blocks = padded(bytes);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const schedule = new Uint32Array(80);
  for (let at = 0; at < blocks.byteLength; at += 64) {
    for (let word = 0; word < 16; word++) schedule[word] = blocks.getUint32(at + 4 * word);
    for (let word = 16; word < 80; word++) {
      schedule[word] = rotated(schedule[word - 3]! ^ schedule[word - 8]! ^ schedule[word - 14]! ^ schedule[word - 16]!, 1);
    }
    compress(state, schedule);
  }
  const digest = new DataView(new ArrayBuffer(20));
  for (const [word, value] of state.entries()) digest.setUint32(4 * word, value);
  return new Uint8Array(digest.buffer);
}

function compress(state: Uint32Array, schedule: Uint32Array): void {
  let [a, b, c, d, e] = state as unknown as [number, number, number, number, number];
  for (let round = 0; round < 80; round++) {
    const [mixed, constant] = mix(round, b, c, d);
    const next = (rotated(a, 5) + mixed + e + constant + schedule[round]!) | 0;
    [e, d, c, b, a] = [d, c, rotated(b, 30), a, next];
  }
  for (const [word, value] of [a, b, c, d, e].entries()) state[word]! += value;
}

function mix(round: number, b: number, c: number, d: number): [mixed: number, constant: number] {
  if (round < 20) return [(b & c) | (~b & d), 0x5a827999];
  if (round < 40) return [b ^ c ^ d, 0x6ed9eba1];
  if (round < 60) return [(b & c) | (b & d) | (c & d), 0x8f1bbcdc];
  return [b ^ c ^ d, 0xca62c1d6];
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** 5.1.1: a one bit, zeros, and the length in bits in the last eight octets. */
function padded(bytes: Uint8Array): DataView {
  const whole = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setBigUint64(whole.length - 8, BigInt(bytes.length) * 8n);
  return view;
}
