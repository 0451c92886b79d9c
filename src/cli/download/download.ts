/**
 * A download that is verified while it comes. Signature, policy and leaf table are proven from the end of the file first; what an earlier
 * try left is kept chunk by chunk as far as it is right; each chunk that comes is checked before it is written.
 */

import type { Disk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import type { RangedFile, WholeFile } from '../../node/http-ranges.ts';
import type { PartFile } from '../../node/part-file.ts';
import type { ProvenLeaves } from '../../verify/proven-leaves.ts';
import { receive, receiveLeaves } from './receive.ts';

/** Chunks of one request at most: 8 MiB. */
const MOST = 128;
/** Requests under way at once. */
const WIDTH = 3;
const PIECE = 1 << 20;

/** Told how many bytes of the image are there. */
export type Told = (bytes: number) => void;

/**
 * @param disk - the same file, which kept what was read of it to prove the seal
 * @returns bytes of the earlier try that were right
 * @throws DisksealError `E_TAMPERED` for a chunk that the server has wrong, `E_HTTP`, `E_WRITE`
 */
export async function downloadRanges(remote: RangedFile, disk: Disk, leaves: ProvenLeaves, part: PartFile, told: Told): Promise<number> {
  const { size } = remote;
  let done = 0;
  const { missing, kept } = await missingLeaves(part, leaves, (length) => told((done += length)));
  await part.resize(size);
  const { placement, seal } = leaves.coverage;
  if (placement === 'embedded') {
    for (let at = 0; at < seal.size; at += PIECE) {
      const bytes = await disk.read(seal.offset + at, Math.min(PIECE, seal.size - at));
      await part.write(seal.offset + at, bytes);
      told((done += bytes.length));
    }
  }
  const runs = runsOf(missing, leaves);
  let failure: unknown;
  const next = (): [number, number] | undefined => (failure === undefined ? runs.shift() : undefined);
  const lane = async (): Promise<void> => {
    for (let run = next(); run; run = next()) {
      const [first, end] = run;
      const [start] = leaves.range(first);
      const [last, length] = leaves.range(end - 1);
      await receiveLeaves(remote.read(start, last + length - start), leaves, run, async (position, bytes) => {
        if (failure !== undefined) throw failure;
        await part.write(position, bytes);
        told((done += bytes.length));
      });
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, () => lane().catch((error: unknown) => (failure ??= error))));
  if (failure !== undefined) throw atServer(failure, remote.shown);
  return kept;
}

/** @returns bytes that came @throws DisksealError as `downloadRanges`, and `E_READ` beyond the limit */
export async function downloadWhole(
  remote: WholeFile,
  leaves: ProvenLeaves | undefined,
  part: PartFile,
  limit: number,
  told: Told,
): Promise<number> {
  await part.resize(0);
  const write = async (position: number, bytes: Uint8Array): Promise<void> => {
    await part.write(position, bytes);
    told(position + bytes.length);
  };
  try {
    if (!leaves) return await receive(remote.body(), limit, write);
    await receiveLeaves(remote.body(), leaves, [0, leaves.count], write);
    return leaves.coverage.imageSize;
  } catch (error) {
    throw atServer(error, remote.shown);
  }
}

function atServer(error: unknown, path: string): unknown {
  if (!(error instanceof DisksealError)) return error;
  if (error.code !== 'E_TAMPERED') return error.with({ path });
  const message = 'the server has other bytes here than those that were signed';
  const hint = 'the file there was changed or is damaged: tell the publisher, and do not use it from another program either';
  return new DisksealError('E_TAMPERED', message, { path, offset: error.offset, hint, cause: error });
}

/** Hashes again all that is there, whoever put it there. */
async function missingLeaves(part: PartFile, leaves: ProvenLeaves, told: Told): Promise<{ missing: number[]; kept: number }> {
  const had = part.disk(part.had);
  const missing: number[] = [];
  let kept = 0;
  for (let leaf = 0; leaf < leaves.count; leaf++) {
    const [start, length] = leaves.range(leaf);
    if (start + length <= had.size && (await isRight(leaves, leaf, await had.read(start, length)))) {
      kept += length;
      told(length);
    } else missing.push(leaf);
  }
  return { missing, kept };
}

async function isRight(leaves: ProvenLeaves, leaf: number, bytes: Uint8Array): Promise<boolean> {
  try {
    await leaves.check(leaf, bytes);
    return true;
  } catch (error) {
    if (error instanceof DisksealError && error.code === 'E_TAMPERED') return false;
    throw error;
  }
}

/** Leaves whose chunks follow each other without a gap, as [first, end). */
function runsOf(missing: readonly number[], leaves: ProvenLeaves): [number, number][] {
  const runs: [number, number][] = [];
  let next = -1;
  for (const leaf of missing) {
    const [start, length] = leaves.range(leaf);
    const run = runs.at(-1);
    if (run && start === next && run[1] === leaf && leaf - run[0] < MOST) run[1] = leaf + 1;
    else runs.push([leaf, leaf + 1]);
    next = start + length;
  }
  return runs;
}
