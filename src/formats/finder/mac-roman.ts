/** Mac OS Roman, the encoding of an alias's short names. Source: Unicode's table ROMAN.TXT, the euro sign in place of the currency sign. */

/** Characters of 0x80 to 0xff; below, it is ASCII. */
const UPPER =
  'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ';

/** A text as at most `limit` bytes; what Mac OS Roman lacks becomes `?`. */
export function encodeMacRoman(text: string, limit: number): Uint8Array {
  const codes = Array.from(text.normalize('NFC'), (character) => {
    if (character < '\u0080') return character.charCodeAt(0);
    const at = UPPER.indexOf(character);
    return at < 0 ? 0x3f : 0x80 + at;
  });
  return Uint8Array.from(codes.slice(0, limit));
}

export function decodeMacRoman(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : UPPER[byte - 0x80]!)).join('');
}
