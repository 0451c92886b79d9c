/**
 * Writes a verified disk onto another: every byte, zeros too, then reads it back and compares. What the image holds is checked leaf by
 * leaf as it is read, so nothing is written that was not signed.
 */
import { createHash } from 'node:crypto';
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { VerifiedContent } from '../verify/verified-content.ts';

/** What is written to. */
export interface Target {
  readonly path: string;
  /** Bytes that there are. */
  readonly size: number;
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Syncs, and gives what stands there now. */
  written(): Promise<Disk>;
}

export interface RestoreOptions {
  /** `step` is what is being done: writing, or reading back. */
  readonly progress?: (step: 'write' | 'compare', done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** The target holds zeros already, as a new file does: chunks of zeros are left out. */
  readonly blank?: boolean;
}

export interface RestoreReport {
  readonly bytes: number;
  /** Bytes of the target behind the disk, which stay as they were. */
  readonly untouched: number;
}

const CHUNK = 1 << 20;

/**
 * Memory: one chunk, and 32 bytes for each MiB of the disk.
 * @throws DisksealError `E_WRITE` when the target is too small or does not read back what was written, `E_TAMPERED`, `E_READ`, `E_INTERRUPTED`
 */
export async function restore(disk: VerifiedContent, target: Target, options: RestoreOptions = {}): Promise<RestoreReport> {
  refuseSmaller(disk, target);
  const digests: Buffer[] = [];
  for (let at = 0; at < disk.size; at += CHUNK) {
    stopIfAsked(options.signal);
    const bytes = await disk.read(at, Math.min(CHUNK, disk.size - at));
    digests.push(digest(bytes));
    if (!(options.blank && bytes.every((byte) => byte === 0))) await target.write(at, bytes);
    options.progress?.('write', at + bytes.length, disk.size);
  }
  await readBack(await target.written(), disk.size, digests, target.path, options);
  return { bytes: disk.size, untouched: target.size - disk.size };
}

/** @throws DisksealError `E_WRITE` */
export function refuseSmaller(disk: { readonly size: number }, { size, path }: { readonly size: number; readonly path: string }): void {
  if (size < disk.size) throw new DisksealError('E_WRITE', `the target has ${size} bytes, the disk ${disk.size}`, { path });
}

async function readBack(written: Disk, size: number, digests: readonly Buffer[], path: string, options: RestoreOptions): Promise<void> {
  for (let at = 0; at < size; at += CHUNK) {
    stopIfAsked(options.signal);
    const bytes = await written.read(at, Math.min(CHUNK, size - at));
    if (!digest(bytes).equals(digests[at / CHUNK]!)) {
      throw new DisksealError('E_WRITE', 'the target does not read back what was written', {
        path,
        offset: at,
        hint: 'the device may be failing, or something else writes to it',
      });
    }
    options.progress?.('compare', at + bytes.length, size);
  }
}

export interface Difference {
  readonly offset: number;
  readonly length: number;
}

/**
 * Where a device or file differs from a disk, in whole sectors of 512 bytes, neighbours as one.
 * @param limit - how many are listed; the rest is counted
 */
export async function compareDisks(
  disk: VerifiedContent,
  other: Disk,
  { progress, signal, limit = 1000 }: RestoreOptions & { readonly limit?: number } = {},
): Promise<{ readonly differences: readonly Difference[]; readonly sectors: number }> {
  const differences: { offset: number; length: number }[] = [];
  const size = Math.min(disk.size, other.size);
  let sectors = 0;
  for (let at = 0; at < size; at += CHUNK) {
    stopIfAsked(signal);
    const length = Math.min(CHUNK, size - at);
    const [wanted, found] = [await disk.read(at, length), await other.read(at, length)];
    for (const offset of differingSectors(wanted, found)) {
      sectors++;
      const last = differences.at(-1);
      const bytes = Math.min(SECTOR, length - offset);
      if (last && last.offset + last.length === at + offset) last.length += bytes;
      else if (differences.length < limit) differences.push({ offset: at + offset, length: bytes });
    }
    progress?.('compare', at + length, size);
  }
  return { differences, sectors };
}

const SECTOR = 512;

function* differingSectors(wanted: Uint8Array, found: Uint8Array): Generator<number> {
  if (Buffer.compare(wanted, found) === 0) return;
  for (let at = 0; at < wanted.length; at += SECTOR) {
    if (Buffer.compare(wanted.subarray(at, at + SECTOR), found.subarray(at, at + SECTOR)) !== 0) yield at;
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function stopIfAsked(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DisksealError('E_INTERRUPTED', 'stopped; the target holds a part of the disk only');
}
