/**
 * Raw CD-ROM sectors of mode 1: 2,048 bytes of data in 2,352, with sync, address, error detection (EDC) and correction (ECC).
 * Source: ECMA-130 section 14 (sectors), annex A (error correction), checked on the sectors of a real image.
 * Left out: correcting errors. A sector whose EDC is wrong is refused, which is what a signed image wants.
 */
import { DisksealError } from '../../../core/errors.ts';

/** Bytes of a raw sector. */
export const RAW_SECTOR = 2352;
/** Bytes of data in it. */
export const DATA_SECTOR = 2048;
const DATA = 16;
const EDC = DATA + DATA_SECTOR;
const RESERVED = EDC + 4;
const PARITY_P = RESERVED + 8;
const PARITY_Q = PARITY_P + 172;
/** The address of a disc's first sector: two seconds of 75 sectors come before it. */
const PREGAP = 150;
/** The last address that two decimal digits of minutes can say, 99:59:74. */
export const SECTOR_LIMIT = 100 * 60 * 75 - PREGAP;
const MODE = 1;

/** EDC: CRC-32 with the reflected polynomial D8018001, from 0, without a final inversion. */
const EDC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xd8018001 : 0);
  return value >>> 0;
});
/** Multiplication by 2 in GF(2^8) modulo 11D. */
const DOUBLE = Uint8Array.from({ length: 256 }, (_, value) => (value << 1) ^ (value & 0x80 ? 0x11d : 0));
/** Division by 3: THIRD[x ^ 2x] = x. */
const THIRD = new Uint8Array(256);
for (let value = 0; value < 256; value++) THIRD[value ^ DOUBLE[value]!] = value;

/** Lines of the two parities: `lines` of `length` bytes, `step` apart, beginning at `start(line)`; all from byte 12, modulo `size`. */
interface Parity {
  readonly lines: number;
  readonly length: number;
  readonly step: number;
  readonly size: number;
  readonly at: number;
  readonly start: (line: number) => number;
}
const P: Parity = { lines: 86, length: 24, step: 86, size: 2064, at: PARITY_P, start: (line) => line };
const Q: Parity = { lines: 52, length: 43, step: 88, size: 2236, at: PARITY_Q, start: (line) => (line >> 1) * 86 + (line & 1) };

/**
 * Makes a raw sector around `DATA_SECTOR` bytes.
 * @param number - of the sector, 0 to `SECTOR_LIMIT` - 1
 * @param sector - `RAW_SECTOR` bytes, all overwritten
 */
export function encodeSector(data: Uint8Array, number: number, sector: Uint8Array): void {
  sector.set(frame(number));
  sector.set(data, DATA);
  new DataView(sector.buffer, sector.byteOffset).setUint32(EDC, edc(sector), true);
  sector.fill(0, RESERVED, PARITY_P);
  writeParity(sector, P);
  writeParity(sector, Q);
}

/**
 * The data of a raw sector, after every other byte of it was found to be what the data asks for.
 * @param offset - where the sector stands in the image, for errors
 * @throws DisksealError `E_BINCUE`
 */
export function decodeSector(sector: Uint8Array, number: number, offset: number): Uint8Array {
  const expected = new Uint8Array(RAW_SECTOR);
  const data = sector.subarray(DATA, EDC);
  encodeSector(data, number, expected);
  const wrong = sector.findIndex((byte, index) => byte !== expected[index]);
  if (wrong < 0) return data;
  throw new DisksealError('E_BINCUE', `sector ${number} ${faultAt(wrong)}`, {
    offset: offset + wrong,
    hint: 'the image is damaged, or its tracks are of another kind: make it again from the disc',
  });
}

function faultAt(at: number): string {
  if (at < 12) return 'does not begin with the synchronisation pattern';
  if (at < 15) return 'has the address of another sector';
  if (at < DATA) return 'is not of mode 1';
  return at < RESERVED ? 'is damaged: its checksum (EDC) is wrong' : 'is damaged: its error correction bytes are wrong';
}

function frame(number: number): Uint8Array {
  const bytes = new Uint8Array(DATA).fill(0xff, 1, 11);
  const address = number + PREGAP;
  const [minute, second, part] = [Math.floor(address / 4500), Math.floor(address / 75) % 60, address % 75];
  bytes.set([bcd(minute), bcd(second), bcd(part), MODE], 12);
  return bytes;
}

function bcd(value: number): number {
  return Math.floor(value / 10) * 16 + (value % 10);
}

function edc(sector: Uint8Array): number {
  let value = 0;
  for (let at = 0; at < EDC; at++) value = (value >>> 8) ^ EDC_TABLE[(value ^ sector[at]!) & 0xff]!;
  return value >>> 0;
}

function writeParity(sector: Uint8Array, { lines, length, step, size, at, start }: Parity): void {
  for (let line = 0; line < lines; line++) {
    let [sum, weighted, from] = [0, 0, start(line)];
    for (let index = 0; index < length; index++) {
      const byte = sector[12 + from]!;
      weighted = DOUBLE[weighted ^ byte]!;
      sum ^= byte;
      from += step;
      if (from >= size) from -= size;
    }
    const first = THIRD[DOUBLE[weighted]! ^ sum]!;
    sector[at + line] = first;
    sector[at + lines + line] = first ^ sum;
  }
}
