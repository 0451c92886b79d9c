/**
 * Puts a seal into a DMG whose data fork is written: decides the area's place, hashes the trailer, signs the statement,
 * and gives everything that follows the data fork. Specification: docs/seal-format.md.
 */
import type { Platform } from '../core/platform.ts';
import type { Signer } from '../core/signer.ts';
import { toHex } from '../core/struct.ts';
import { areaSize, encodeArea } from './area.ts';
import { CHUNK, type CoverageHasher, leafCount, withMask } from './coverage.ts';
import { dmgCoverage } from './dmg.ts';
import { treeRoot } from './hash-tree.ts';
import { encodeInventory, type InventoryEntry } from './inventory.ts';
import { signStatement } from './sign.ts';
import { encodeStatement, type Identity, type InventoryDigest, parseStatement, STATEMENT_TYPE, type Statement } from './statement.ts';

export interface SealInput {
  readonly identity: Identity;
  /** Bytes of the data fork, which `hasher` has seen in full. */
  readonly dataForkLength: number;
  readonly hasher: CoverageHasher;
  /** The trailer for a property list at `xmlOffset`; its lengths do not depend on the offset. */
  readonly trailer: (xmlOffset: number) => { plist: Uint8Array; koly: Uint8Array };
  readonly content: Iterable<InventoryEntry>;
  readonly dressing: Iterable<InventoryEntry>;
  readonly signer: Signer;
  /** Unix seconds; for people to read, it proves nothing. */
  readonly signingTime: number;
}

export interface SealedTail {
  readonly statement: Statement;
  /** What follows the data fork, in order. */
  readonly area: Uint8Array;
  readonly plist: Uint8Array;
  readonly koly: Uint8Array;
}

/** @throws DisksealError `E_SEAL` when the certificate path is too long for the area, `E_KEY` */
export async function sealDmg(input: SealInput, platform: Platform): Promise<SealedTail> {
  const { dataForkLength, hasher } = input;
  const content = encodeInventory(input.content);
  const dressing = encodeInventory(input.dressing);
  const unplaced = input.trailer(dataForkLength);
  const tailLength = unplaced.plist.length + unplaced.koly.length;

  const tableLength =
    32 *
    leafCount([
      [0, dataForkLength],
      [0, tailLength],
    ]);
  const size = areaSize({ contentLength: content.length, dressingLength: dressing.length, tableLength });
  const { plist, koly } = input.trailer(dataForkLength + size);
  const coverage = dmgCoverage({ offset: dataForkLength, size }, dataForkLength + size + tailLength);

  await hasher.nextRange();
  await hasher.update(plist);
  await hasher.update(withMask(koly, coverage.imageSize - koly.length, coverage.masked));
  const { flat, table } = await hasher.finish();

  const statement: Statement = {
    type: STATEMENT_TYPE,
    ...input.identity,
    ...coverage,
    apple: 'none',
    tree: { algorithm: 'rfc9162-sha256', chunk: CHUNK, leaves: table.length / 32, root: toHex(await treeRoot(table, platform)) },
    flat: toHex(flat),
    content: await inventoryDigest(content, platform),
    dressing: await inventoryDigest(dressing, platform),
  };
  const encoded = encodeStatement(statement);
  // Nothing is signed that our own verifier would refuse: an identity out of form ends here.
  parseStatement(encoded);
  const cms = await signStatement(encoded, input.signer, { platform, signingTime: input.signingTime });
  return { statement, area: encodeArea(size, { content, dressing, table, cms }), plist, koly };
}

async function inventoryDigest(bytes: Uint8Array, platform: Platform): Promise<InventoryDigest> {
  let entries = 0;
  for (const byte of bytes) if (byte === 0x0a) entries++;
  return { entries, bytes: bytes.length, digest: toHex(await platform.digest('sha256', bytes)) };
}
