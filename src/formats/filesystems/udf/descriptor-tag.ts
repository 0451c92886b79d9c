/** The tag of every descriptor: what it is, where it belongs, and a CRC over it. Source: ECMA-167 3/7.2. */
import { DisksealError } from '../../../core/errors.ts';
import { Tag } from './structs.ts';

/** CRC-16 with the polynomial 1021, from 0, most significant bit first (ECMA-167 3/7.2.6). */
const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 8;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value & 0x8000 ? 0x1021 : 0);
  return value & 0xffff;
});

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ CRC_TABLE[(crc >> 8) ^ byte]!;
  return crc;
}

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < Tag.size; at++) if (at !== 4) sum += bytes[at]!;
  return sum & 0xff;
}

/** Writes the tag over the first 16 bytes of a descriptor whose other bytes stand. @param descriptor - exactly the bytes that the CRC is over, behind the tag */
export function sealTag(descriptor: Uint8Array, tag: { identifier: number; version: number; location: number }): Uint8Array {
  const body = descriptor.subarray(Tag.size);
  Tag.write({ ...tag, crc: crc16(body), crcLength: body.length }, descriptor);
  descriptor[4] = checksum(descriptor);
  return descriptor;
}

/**
 * Reads a tag and proves it.
 * @param descriptor - from the tag on, as much as the CRC may be over
 * @param location - where the tag must say that it stands
 * @param offset - the same place in bytes from the start of the image, for errors
 * @throws DisksealError `E_UDF`, `E_TRUNCATED`
 */
export function readTag(descriptor: Uint8Array, location: number, offset: number): Tag {
  const tag = Tag.read(descriptor, 0, offset);
  const wrong = (what: string): DisksealError => new DisksealError('E_UDF', `a descriptor ${what}`, { offset, field: 'Tag' });
  if (tag.checksum !== checksum(descriptor)) throw wrong('has a tag with a wrong checksum');
  if (tag.location !== location) throw wrong(`says that it stands at ${tag.location}, and stands at ${location}`);
  if (tag.version !== 2 && tag.version !== 3) throw wrong(`has the version ${tag.version}`);
  if (Tag.size + tag.crcLength > descriptor.length) throw wrong(`has a CRC over ${tag.crcLength} bytes, which leave it`);
  if (tag.crc !== crc16(descriptor.subarray(Tag.size, Tag.size + tag.crcLength))) throw wrong('is damaged: its CRC is wrong');
  return tag;
}
