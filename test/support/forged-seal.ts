/** Sealed images and false ones: any statement, signed by any key, in an area that is right in all else. */
import { createHash } from 'node:crypto';
import { buildDmg } from '../../src/build/build.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import type { PartitionedDisk } from '../../src/core/partition.ts';
import type { Signer } from '../../src/core/signer.ts';
import { packData, trailer } from '../../src/formats/containers/udif/pack.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { encodeSignedData, type SignatureParts, signedAttributes } from '../../src/pki/cms-write.ts';
import { AreaMark, encodeArea } from '../../src/seal/area.ts';
import { coverageHasher } from '../../src/seal/coverage.ts';
import { sealDmg } from '../../src/seal/seal-dmg.ts';
import { encodeStatement, type Statement } from '../../src/seal/statement.ts';
import { type Made, NOW, sha256, signerOf, signWith } from './certificates.ts';
import { memorySink } from './memory-sink.ts';
import { testPlatform } from './platform.ts';

export interface SealedImage {
  readonly bytes: Uint8Array;
  readonly statement: Statement;
}

export async function sealedImage(tree: FileTree, leaf: Made, product = 'com.example.hello'): Promise<SealedImage> {
  const identity = { product, version: '2.1.0', platform: 'any', arch: 'universal', channel: 'stable' };
  const seal = { signer: signerOf(leaf), signingTime: NOW };
  const sink = memorySink();
  const plan = { tree, identity, caseSensitive: false, created: NOW, compressionLevel: 6, seal };
  const { statement } = await buildDmg(plan, sink, { platform: testPlatform });
  return { bytes: sink.bytes(), statement: statement! };
}

/**
 * A seal around a disk that the publisher made badly, so that only who looks inside finds out.
 * @param change - applied to property list and trailer before they are signed; lengths stay
 */
export async function sealedDisk(
  disk: PartitionedDisk,
  leaf: Made,
  change: (end: { plist: Uint8Array; koly: Uint8Array }) => void = () => undefined,
): Promise<Uint8Array> {
  const sink = memorySink();
  const packed = await packData(disk, sink, { platform: testPlatform, threads: testPlatform.threads });
  const hasher = coverageHasher(testPlatform);
  await hasher.update(sink.bytes());
  const { area, plist, koly } = await sealDmg(
    {
      identity: { product: 'com.example.hello', version: '2.1.0', platform: 'any', arch: 'universal', channel: 'stable' },
      dataForkLength: packed.dataForkLength,
      hasher,
      trailer(xmlOffset) {
        const end = trailer(packed, { xmlOffset });
        change(end);
        return end;
      },
      content: [],
      dressing: [],
      signer: signerOf(leaf),
      signingTime: NOW,
    },
    testPlatform,
  );
  for (const part of [area, plist, koly]) await sink.write(part);
  return sink.bytes();
}

/** The CMS over any bytes by any key, even one that nobody should sign with. */
export function signAnyhow(
  content: Uint8Array,
  leaf: Made,
  parts: Partial<SignatureParts> = {},
  { certificates }: Pick<Signer, 'certificates'> = signerOf(leaf),
): Uint8Array {
  const { hash, scheme } = leaf.key;
  const certificateHashes = certificates.map(sha256);
  const values = { messageDigest: digestOf(content, leaf), signingTime: NOW, certificateHashes, hash, scheme };
  const attributes = signedAttributes(values);
  const signature = signWith(leaf.key, attributes);
  return encodeSignedData({
    content,
    certificates,
    signers: [{ certificate: leaf.bytes, hash, scheme, signedAttributes: attributes, signature, ...parts }],
  });
}

function digestOf(content: Uint8Array, leaf: Made): Uint8Array {
  return new Uint8Array(createHash(leaf.key.hash).update(content).digest());
}

/** The statement with members of one's own, canonical and otherwise as it was: the image itself does not change. */
export function changedStatement({ statement }: SealedImage, members: Record<string, unknown>): Uint8Array {
  return encodeStatement({ ...statement, ...members });
}

/** The image with another CMS in its seal; marks and checksums fit. */
export function withCms({ bytes }: SealedImage, cms: Uint8Array): Uint8Array {
  const koly = KolyTrailer.read(bytes, bytes.length - KolyTrailer.size);
  const start = koly.dataForkLength;
  const { areaSize, contentLength, dressingLength, tableLength } = AreaMark.read(bytes, start);
  let at = start + AreaMark.size;
  const part = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  const forged = bytes.slice();
  forged.set(encodeArea(areaSize, { content: part(contentLength), dressing: part(dressingLength), table: part(tableLength), cms }), start);
  return forged;
}

/** Where the parts of a sealed image stand. */
export function placesOf(bytes: Uint8Array) {
  const trailer = bytes.length - KolyTrailer.size;
  const koly = KolyTrailer.read(bytes, trailer);
  const area = koly.dataForkLength;
  const mark = AreaMark.read(bytes, area);
  const content = area + AreaMark.size;
  const table = content + mark.contentLength + mark.dressingLength;
  const cms = table + mark.tableLength;
  const slack = cms + mark.cmsLength;
  return { koly, trailer, area, content, table, cms, slack, footer: koly.xmlOffset - AreaMark.size, plist: koly.xmlOffset };
}

/** A copy with bytes changed. */
export function altered(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy);
  return copy;
}

/** A copy with bytes put in at a position. */
export function inserted(bytes: Uint8Array, position: number, added: Uint8Array): Uint8Array {
  const longer = new Uint8Array(bytes.length + added.length);
  longer.set(bytes.subarray(0, position));
  longer.set(added, position);
  longer.set(bytes.subarray(position), position + added.length);
  return longer;
}
