/** Sealed images put together piece by piece, with whatever lies a signer or a stranger wants to tell. */

import { crc32 } from '../../src/core/crc32.ts';
import { bytesDisk, type Disk, opaqueDisk } from '../../src/core/disk.ts';
import { toHex } from '../../src/core/struct.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { AreaMark, areaSize, encodeArea } from '../../src/seal/area.ts';
import { type Coverage, leafCount } from '../../src/seal/coverage.ts';
import { dmgCoverage } from '../../src/seal/dmg.ts';
import { hashCoverage } from '../../src/seal/hash-coverage.ts';
import { treeRoot } from '../../src/seal/hash-tree.ts';
import { encodeInventory, type InventoryEntry, parseInventory } from '../../src/seal/inventory.ts';
import { encodeStatement, type Statement } from '../../src/seal/statement.ts';
import { type Made, sha256 } from './certificates.ts';
import { placesOf, signAnyhow } from './forged-seal.ts';
import { testPlatform } from './platform.ts';

export interface Pieces {
  /** The data fork. */
  readonly fork: Uint8Array;
  readonly content: Uint8Array;
  readonly dressing: Uint8Array;
  readonly plist: Uint8Array;
  /** Between the property list and the trailer. */
  readonly hole: Uint8Array;
  /** What the trailer says, where that is not what it should. */
  readonly koly: Partial<KolyTrailer>;
  readonly trailer: KolyTrailer;
}

export function piecesOf(bytes: Uint8Array): Pieces {
  const { koly, area, content, plist, trailer } = placesOf(bytes);
  const { contentLength } = AreaMark.read(bytes, area);
  return {
    fork: bytes.subarray(0, area),
    content: bytes.subarray(content, content + contentLength),
    dressing: new Uint8Array(),
    plist: bytes.subarray(plist, trailer),
    hole: new Uint8Array(),
    koly: {},
    trailer: koly,
  };
}

export function entriesOf({ content }: Pieces): InventoryEntry[] {
  return parseInventory(content);
}

export interface Lies {
  /** Signs; what it signs is made from the pieces. */
  readonly by: Made;
  /** Members of the statement, in place of the true ones. */
  readonly statement?: (truth: Statement) => Record<string, unknown>;
  readonly table?: (truth: Uint8Array) => Uint8Array;
  /** The statement's bytes, in place of the canonical ones. */
  readonly text?: (truth: string) => string | Uint8Array;
  /** Bytes that the area has beyond what it needs. */
  readonly room?: number;
  readonly sign?: (content: Uint8Array) => Uint8Array;
}

/** The image of these pieces, sealed: everything that a signer can make right is right but for the lies. */
export async function assembled(pieces: Pieces, lies: Lies): Promise<Uint8Array> {
  const { fork, content, dressing, plist, hole } = pieces;
  const tail = plist.length + hole.length + KolyTrailer.size;
  const ranges = [[0, fork.length] as const, [0, tail] as const];
  const lengths = { contentLength: content.length, dressingLength: dressing.length, tableLength: 32 * leafCount(ranges) };
  const size = areaSize(lengths) + (lies.room ?? 0);
  const xmlOffset = fork.length + size;
  const koly = { ...pieces.trailer, dataForkLength: fork.length, xmlOffset, xmlLength: plist.length, ...pieces.koly };
  const image = new Uint8Array(xmlOffset + tail);
  image.set(fork);
  image.set(plist, xmlOffset);
  image.set(hole, xmlOffset + plist.length);
  KolyTrailer.write(koly, image, image.length - KolyTrailer.size);
  const coverage = dmgCoverage({ offset: fork.length, size }, image.length);
  const { table, statement } = await truthOf(bytesDisk(image), coverage, content, dressing);
  const cms = signedStatement(statement, lies);
  image.set(encodeArea(size, { content, dressing, table: lies.table?.(table) ?? table, cms }), fork.length);
  return image;
}

async function truthOf(image: Disk, coverage: Coverage, content: Uint8Array, dressing: Uint8Array) {
  const { flat, table } = await hashCoverage(image, coverage.covered, coverage.masked, testPlatform);
  return {
    table,
    statement: statementOf(coverage, toHex(flat), table.length / 32, toHex(await treeRoot(table, testPlatform)), content, dressing),
  };
}

function statementOf(coverage: Coverage, flat: string, leaves: number, root: string, content: Uint8Array, dressing: Uint8Array): Statement {
  return {
    type: 'diskseal/seal/1',
    product: 'com.example.hostile',
    version: '6.6.6',
    platform: 'any',
    arch: 'universal',
    channel: 'stable',
    ...coverage,
    apple: 'none',
    tree: { algorithm: 'rfc9162-sha256', chunk: 65_536, leaves, root },
    flat,
    content: digestOf(content),
    dressing: digestOf(dressing),
  };
}

function digestOf(inventory: Uint8Array) {
  return { entries: inventory.filter((byte) => byte === 0x0a).length, bytes: inventory.length, digest: toHex(sha256(inventory)) };
}

function signedStatement(truth: Statement, { by, statement, text, sign = (content) => signAnyhow(content, by) }: Lies): Uint8Array {
  const said = encodeStatement({ ...truth, ...statement?.(truth) });
  const written = text?.(new TextDecoder().decode(said)) ?? said;
  return sign(typeof written === 'string' ? new TextEncoder().encode(written) : written);
}

/** Other entries in the inventory than the volume has. */
export function withEntries(pieces: Pieces, change: (entries: InventoryEntry[]) => InventoryEntry[]): Pieces {
  return { ...pieces, content: encodeInventory(change(entriesOf(pieces))) };
}

/** Both marks with other numbers, their checksums right: the work of somebody without a key. */
export function withMarks(bytes: Uint8Array, change: Partial<AreaMark>): Uint8Array {
  const { area, footer } = placesOf(bytes);
  const copy = bytes.slice();
  for (const [place, magic] of [
    [area, 'DSEALHDR'],
    [footer, 'DSEALFTR'],
  ] as const) {
    const mark = { ...AreaMark.read(bytes, place), ...change, magic, checksum: 0 };
    AreaMark.write({ ...mark, checksum: crc32(AreaMark.write(mark)) }, copy, place);
  }
  return copy;
}

/** So many bytes, zero but for the parts; counts what is read. */
export function sparseDisk(size: number, parts: readonly (readonly [offset: number, bytes: Uint8Array])[]) {
  let read = 0;
  const disk = opaqueDisk(size, async (position, into) => {
    read += into.length;
    into.fill(0);
    for (const [offset, bytes] of parts) {
      const [from, to] = [Math.max(position, offset), Math.min(position + into.length, offset + bytes.length)];
      if (from < to) into.set(bytes.subarray(from - offset, to - offset), from - position);
    }
  });
  return { disk, bytesRead: () => read };
}

/**
 * A sealed image whose data fork is nothing but zeros, however many: only what is not zero is held.
 * The digests are right, `flat` excepted, which nobody could compute in time.
 */
export async function zerosImage(forkSize: number, by: Made, lies: Omit<Lies, 'by'> = {}) {
  const tail = KolyTrailer.size + 1;
  const zeroLeaf = sha256(new Uint8Array(65_537));
  const leaves = leafCount([
    [0, forkSize],
    [0, tail],
  ]);
  const table = new Uint8Array(32 * leaves);
  const rest = forkSize % 65_536;
  for (let leaf = 0; leaf < leaves - 1; leaf++) table.set(zeroLeaf, 32 * leaf);
  if (rest > 0) table.set(sha256(new Uint8Array(1 + rest)), 32 * (leaves - 2));
  const size = areaSize({ contentLength: 0, dressingLength: 0, tableLength: table.length });
  const xmlOffset = forkSize + size;
  const end = new Uint8Array(tail);
  KolyTrailer.write({ signature: 'koly', version: 4, headerSize: 512, dataForkLength: forkSize, xmlOffset, xmlLength: 1 }, end, 1);
  table.set(sha256(new Uint8Array(Buffer.concat([Uint8Array.of(0), end]))), 32 * (leaves - 1));
  const coverage = dmgCoverage({ offset: forkSize, size }, xmlOffset + tail);
  const nothing = new Uint8Array();
  const truth = statementOf(coverage, '0'.repeat(64), leaves, toHex(await treeRoot(table, testPlatform)), nothing, nothing);
  const cms = signedStatement(truth, { by, ...lies });
  const area = encodeArea(size, { content: nothing, dressing: nothing, table, cms });
  return sparseDisk(xmlOffset + tail, [
    [forkSize, area],
    [xmlOffset, end],
  ]);
}

/** A file of any size with marks and trailer in place and this CMS; nothing else of it is true. */
export function hollowImage(forkSize: number, cms: Uint8Array, change: Partial<AreaMark> = {}) {
  const tail = KolyTrailer.size + 1;
  const lengths = {
    contentLength: 0,
    dressingLength: 0,
    tableLength:
      32 *
      leafCount([
        [0, forkSize],
        [0, tail],
      ]),
  };
  const size = areaSize(lengths);
  const mark = (magic: string): Uint8Array => {
    const value = { areaSize: size, ...lengths, cmsLength: cms.length, version: 1, ...change, magic, checksum: 0 };
    return AreaMark.write({ ...value, checksum: crc32(AreaMark.write(value)) });
  };
  const xmlOffset = forkSize + size;
  const koly = KolyTrailer.write({ signature: 'koly', version: 4, headerSize: 512, dataForkLength: forkSize, xmlOffset, xmlLength: 1 });
  return sparseDisk(xmlOffset + tail, [
    [forkSize, mark('DSEALHDR')],
    [forkSize + AreaMark.size + lengths.tableLength, cms],
    [xmlOffset - AreaMark.size, mark('DSEALFTR')],
    [xmlOffset + 1, koly],
  ]);
}
