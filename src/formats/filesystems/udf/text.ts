/** OSTA Compressed Unicode: a byte that says 8 or 16, then one byte or two for each code unit. Source: UDF 2.01 2.1.1 and 2.1.3. */
import { DisksealError } from '../../../core/errors.ts';

/** @returns the compression byte and the code units; 8 bits where all fit */
export function encodeText(text: string): Uint8Array {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  if (units.every((unit) => unit <= 0xff)) return Uint8Array.of(8, ...units);
  return Uint8Array.of(16, ...units.flatMap((unit) => [unit >> 8, unit & 0xff]));
}

/** @throws DisksealError `E_UDF` */
export function decodeText(encoded: Uint8Array, offset: number): string {
  if (encoded.length === 0) return '';
  const [compression] = encoded;
  // 254 and 255 stand for names that were deleted or made unique by their id; nothing can be told of them.
  if ((compression !== 8 && compression !== 16) || (compression === 16 && encoded.length % 2 === 0)) {
    throw new DisksealError('E_UDF', `a text of ${encoded.length} bytes in compression ${compression}`, { offset });
  }
  let text = '';
  if (compression === 8) for (let at = 1; at < encoded.length; at++) text += String.fromCharCode(encoded[at]!);
  else for (let at = 1; at < encoded.length; at += 2) text += String.fromCharCode(encoded[at]! * 256 + encoded[at + 1]!);
  return text;
}

/** A dstring: the text, zeros, and in the last byte how many bytes were used. Cut between characters where it does not fit. */
export function encodeDstring(text: string, size: number): Uint8Array {
  const field = new Uint8Array(size);
  if (text === '') return field;
  const characters = Array.from(text);
  let encoded = encodeText(text);
  while (encoded.length > size - 1) {
    characters.pop();
    encoded = encodeText(characters.join(''));
  }
  field.set(encoded);
  field[size - 1] = encoded.length;
  return field;
}

/** What a dstring says; makers leave its length byte at 0 or beyond now and then, so a damaged one is empty. */
export function decodeDstring(field: Uint8Array): string {
  const used = field.at(-1)!;
  if (used === 0 || used >= field.length) return '';
  const encoded = field.subarray(0, used);
  return encoded[0] === 8 || (encoded[0] === 16 && used % 2 === 1) ? decodeText(encoded, 0).replace(/\0+$/, '') : '';
}
