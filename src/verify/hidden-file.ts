/**
 * A file of another kind among the signatures. Whoever has the image can put a further signer or a timestamp into its seal, and in
 * its certificates whatever bytes he likes: no digest covers them. Readers of some formats look for their file wherever it begins, or
 * from the end backwards, and would open the stranger's part of a verified image (CVE-2020-1464 is such a JAR).
 * Source: seal-rules 5, for whose ticket it was shown. A list of formats is no proof: what proves is that signers and timestamps are
 * those of people whom the user trusts.
 */
interface HiddenFile {
  readonly format: string;
  /** Bytes from the start of the signatures. */
  readonly offset: number;
}

/** No name or text of a certificate can hold one of these: each has an octet that is no character. */
const MAGIC: readonly (readonly [format: string, octets: readonly number[]])[] = [
  // APPNOTE.TXT 4.3.16: readers search it backwards from the end of the file, JAR and Python's zipapp among them.
  ['ZIP archive', [0x50, 0x4b, 0x05, 0x06]],
  // Unpackers look for these in the first MiB or two, for the sake of archives that unpack themselves.
  ['7z archive', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['RAR archive', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ['cabinet', [0x4d, 0x53, 0x43, 0x46, 0, 0, 0, 0]],
  // ECMA-119 8.4, at 32768 in an image that can be mounted; a seal lies there when the data fork is small.
  ['ISO 9660 volume', [0x01, 0x43, 0x44, 0x30, 0x30, 0x31, 0x01]],
];

/** The first that is found, or nothing. @param signatures - the CMS message as it stands */
export function hiddenFile(signatures: Uint8Array): HiddenFile | undefined {
  for (const [format, octets] of MAGIC) {
    for (let at = signatures.indexOf(octets[0]!); at >= 0; at = signatures.indexOf(octets[0]!, at + 1)) {
      if (octets.every((octet, index) => signatures[at + index] === octet)) return { format, offset: at };
    }
  }
  return undefined;
}
