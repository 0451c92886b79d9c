/** Changes of bytes that know nothing of a format: flips, numbers that are often forgotten, cuts, doublings, parts of other inputs. */
import { pick } from './random.mjs';

/** Borders of what 8, 16, 32, 53 and 64 bits hold, signed and not, and sizes at which code takes another way. */
const NUMBERS = {
  1: [0, 1, 0x10, 0x20, 0x7f, 0x80, 0x81, 0x84, 0xfe, 0xff],
  2: [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x200, 0x7fff, 0x8000, 0xfffe, 0xffff],
  4: [0, 1, 0x1ff, 0x200, 0x1000, 0xffff, 0x1_0000, 0x10_0000, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff],
  8: [
    0n,
    1n,
    0xffff_ffffn,
    1n << 32n,
    (1n << 53n) - 1n,
    1n << 53n,
    (1n << 53n) - 511n,
    (1n << 63n) - 1n,
    1n << 63n,
    (1n << 64n) - 512n,
    (1n << 64n) - 1n,
  ],
};

function writeNumber(bytes, at, width, value, little) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (width === 1) view.setUint8(at, value);
  else if (width === 2) view.setUint16(at, value, little);
  else if (width === 4) view.setUint32(at, value, little);
  else view.setBigUint64(at, value, little);
}

function addToNumber(bytes, at, width, change, little) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (width === 1) view.setUint8(at, view.getUint8(at) + change);
  else if (width === 2) view.setUint16(at, view.getUint16(at, little) + change, little);
  else if (width === 4) view.setUint32(at, view.getUint32(at, little) + change, little);
  else view.setBigUint64(at, BigInt.asUintN(64, view.getBigUint64(at, little) + BigInt(change)), little);
}

/** Mostly where something is: zeros fill most of an image, and a change there means little. */
function place(bytes, random, width = 1) {
  const room = bytes.length - width + 1;
  if (room <= 0) return -1;
  let at = random(room);
  for (let tries = 0; tries < 8 && bytes[at] === 0; tries++) at = random(room);
  return random(3) === 0 ? at & ~(width - 1) : at;
}

function range(bytes, random) {
  const length = 1 + random(Math.min(bytes.length, pick(random, [2, 8, 32, 128, 1024, 1 << 16])));
  return [random(bytes.length - length + 1), length];
}

const replaced = (bytes, at, length, by) => {
  const made = new Uint8Array(bytes.length - length + by.length);
  made.set(bytes.subarray(0, at));
  made.set(by, at);
  made.set(bytes.subarray(at + length), at + by.length);
  return made;
};

const CHANGES = [
  function flip(bytes, random) {
    const at = place(bytes, random);
    bytes[at] ^= 1 << random(8);
    return bytes;
  },
  function octet(bytes, random) {
    bytes[place(bytes, random)] = random(256);
    return bytes;
  },
  function number(bytes, random) {
    const width = pick(random, [1, 2, 4, 4, 8]);
    const at = place(bytes, random, width);
    if (at >= 0) writeNumber(bytes, at, width, pick(random, NUMBERS[width]), random(2) === 0);
    return bytes;
  },
  function near(bytes, random) {
    const width = pick(random, [1, 2, 4, 8]);
    const at = place(bytes, random, width);
    if (at >= 0) addToNumber(bytes, at, width, random(65) - 32, random(2) === 0);
    return bytes;
  },
  /** A number becomes the size of the input, or a place in it. */
  function size(bytes, random) {
    const at = place(bytes, random, 4);
    if (at >= 0)
      writeNumber(
        bytes,
        at,
        4,
        pick(random, [bytes.length, bytes.length - 1, bytes.length - at, at, bytes.length >> 9]) >>> 0,
        random(2) === 0,
      );
    return bytes;
  },
  function cut(bytes, random) {
    return bytes.slice(0, random(bytes.length));
  },
  function remove(bytes, random) {
    const [at, length] = range(bytes, random);
    return replaced(bytes, at, length, new Uint8Array());
  },
  function double(bytes, random) {
    const [at, length] = range(bytes, random);
    return replaced(bytes, at, 0, bytes.slice(at, at + length));
  },
  function move(bytes, random) {
    const [at, length] = range(bytes, random);
    bytes.copyWithin(random(bytes.length - length + 1), at, at + length);
    return bytes;
  },
  function insert(bytes, random) {
    return replaced(
      bytes,
      random(bytes.length + 1),
      0,
      Uint8Array.from({ length: 1 + random(16) }, () => random(256)),
    );
  },
  function blank(bytes, random) {
    const [at, length] = range(bytes, random);
    return bytes.fill(pick(random, [0, 0xff, random(256)]), at, at + length);
  },
  function splice(bytes, random, other) {
    if (other.length === 0) return bytes;
    const [at, length] = range(other, random);
    const part = other.subarray(at, at + length);
    const to = random(bytes.length);
    return replaced(bytes, to, random(2) * Math.min(length, bytes.length - to), part);
  },
  /** A part of another input at the same place, lengths unchanged: what two images of one layout share. */
  function overlay(bytes, random, other) {
    const shared = Math.min(bytes.length, other.length);
    if (shared === 0) return bytes;
    const [at, length] = range(other.subarray(0, shared), random);
    bytes.set(other.subarray(at, at + length), at);
    return bytes;
  },
  function crossing(bytes, random, other) {
    if (other.length === 0) return bytes;
    return new Uint8Array(Buffer.concat([bytes.subarray(0, random(bytes.length)), other.subarray(random(other.length))]));
  },
  function word(bytes, random, other, words) {
    if (words.length === 0) return bytes;
    const text = new TextEncoder().encode(pick(random, words));
    const at = random(bytes.length + 1);
    return replaced(bytes, at, random(2) * Math.min(bytes.length - at, text.length), text);
  },
];

/** One change. @param other - another input @param words - what the format's texts are made of */
export function mutateBytes(bytes, random, other, words) {
  if (bytes.length === 0) return Uint8Array.from({ length: 1 + random(64) }, () => random(256));
  return pick(random, CHANGES)(bytes, random, other, words);
}
