/** CRC-32 of zlib (reflected polynomial EDB88320, initial and final value FFFFFFFF), eight bytes a step. Source: RFC 1952 section 8. */
const TABLES = makeTables();

/** @param start - the CRC of what came before, 0 at the beginning */
export function crc32(bytes: Uint8Array, start = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let crc = ~start;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t7![crc & 255]! ^
      t6![(crc >>> 8) & 255]! ^
      t5![(crc >>> 16) & 255]! ^
      t4![crc >>> 24]! ^
      t3![bytes[at + 4]!]! ^
      t2![bytes[at + 5]!]! ^
      t1![bytes[at + 6]!]! ^
      t0![bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = t0![(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    tables[0]![byte] = crc;
  }
  for (let table = 1; table < 8; table++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = tables[table - 1]![byte]!;
      tables[table]![byte] = (before >>> 8) ^ tables[0]![before & 255]!;
    }
  }
  return tables;
}

/**
 * The CRC-32 of two byte strings one after the other, from their CRCs alone: so that threads can each do a part.
 * A CRC is a remainder of polynomials over GF(2); what stands before `n` bytes is multiplied by x^(8n).
 * @param length - bytes of the second string
 */
export function crc32Combine(first: number, second: number, length: number): number {
  return (multiply(powerOfX8(length), first) ^ second) >>> 0;
}

/** The CRC-32 of `length` zero bytes, without touching any. */
export function crc32OfZeros(length: number): number {
  return ~multiply(powerOfX8(length), -1) >>> 0;
}

/** Product of two polynomials modulo the CRC's; bit 31 is the coefficient of x^0. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let left = a, factor = b; left !== 0; left <<= 1) {
    if (left < 0) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ 0xedb88320 : factor >>> 1;
  }
  return product;
}

const ONE = 1 << 31;
/** x^(8 * 2^k) for every bit of a length up to 2^53. */
const POWERS = makePowers();

function makePowers(): Int32Array {
  const powers = new Int32Array(53);
  powers[0] = 1 << 23; // x^8
  for (let index = 1; index < powers.length; index++) powers[index] = multiply(powers[index - 1]!, powers[index - 1]!);
  return powers;
}

function powerOfX8(count: number): number {
  let power = ONE;
  for (let rest = count, bit = 0; rest > 0; rest = Math.floor(rest / 2), bit++) {
    if (rest % 2 === 1) power = multiply(power, POWERS[bit]!);
  }
  return power;
}
