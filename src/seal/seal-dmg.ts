/**
 * Puts a seal into a DMG whose data fork is written: decides the area's place, hashes the trailer, signs the statement,
 * and gives everything that follows the data fork. Specification: docs/seal-format.md.
 */
import type { Platform } from '../core/platform.ts';
import { areaSize } from './area.ts';
import { type CoverageHasher, leafCount, withMask } from './coverage.ts';
import { dmgCoverage } from './dmg.ts';
import { encodeInventory, type InventoryEntry } from './inventory.ts';
import { makeSeal, type SealSubject } from './make-seal.ts';
import type { Statement } from './statement.ts';

export interface SealInput extends SealSubject {
  /** Bytes of the data fork, which `hasher` has seen in full. */
  readonly dataForkLength: number;
  readonly hasher: CoverageHasher;
  /** The trailer for a property list at `xmlOffset`; its lengths do not depend on the offset. */
  readonly trailer: (xmlOffset: number) => { plist: Uint8Array; koly: Uint8Array };
  readonly content: Iterable<InventoryEntry>;
  readonly dressing: Iterable<InventoryEntry>;
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
  const { dataForkLength, hasher, trailer, content, dressing, ...subject } = input;
  const lists = { content: encodeInventory(content), dressing: encodeInventory(dressing) };
  const unplaced = trailer(dataForkLength);
  const tailLength = unplaced.plist.length + unplaced.koly.length;

  const tableLength =
    32 *
    leafCount([
      [0, dataForkLength],
      [0, tailLength],
    ]);
  const size = areaSize({ contentLength: lists.content.length, dressingLength: lists.dressing.length, tableLength });
  const { plist, koly } = trailer(dataForkLength + size);
  const coverage = dmgCoverage({ offset: dataForkLength, size }, dataForkLength + size + tailLength);

  await hasher.nextRange();
  await hasher.update(plist);
  await hasher.update(withMask(koly, coverage.imageSize - koly.length, coverage.masked));
  const { statement, area } = await makeSeal(subject, coverage, await hasher.finish(), lists, platform);
  return { statement, area, plist, koly };
}
