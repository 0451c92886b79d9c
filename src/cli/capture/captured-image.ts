/** From a captured disk to its image: the stage itself where the image is raw, else a DMG packed from it; sealed within, beside, or not. */
import { packDisk } from '../../build/disk-image.ts';
import { capturedDisk } from '../../capture/capture-disk.ts';
import { DisksealError } from '../../core/errors.ts';
import type { Platform, Sink } from '../../core/platform.ts';
import { createOutput, type OutputFile } from '../../node/output-file.ts';
import { embedInRaw } from '../../seal/embed-raw.ts';
import type { Embedding } from '../../seal/embedding.ts';
import { encodeInventory } from '../../seal/inventory.ts';
import type { SealLists, SealSubject } from '../../seal/make-seal.ts';
import { hasSeal, imageKind } from '../../seal/place.ts';
import { RAW_ALIGNMENT } from '../../seal/raw-image.ts';
import { detachedSeal, sealImage } from '../../seal/seal-image.ts';
import type { Statement } from '../../seal/statement.ts';
import { inventoryOfImage, type VolumeInventory } from '../../verify/volume-inventory.ts';
import { requireVerified } from '../signing/sealed-result.ts';
import { ownCertificate } from '../signing/sign-job.ts';
import type { OpenedSigner } from '../signing/signer.ts';
import type { StagedDisk } from './staged-disk.ts';

export interface CaptureSeal {
  readonly subject: SealSubject;
  readonly signer: OpenedSigner;
  readonly detached: boolean;
}

export interface ImageJob {
  readonly out: string;
  readonly force: boolean;
  readonly seal: CaptureSeal | undefined;
  readonly platform: Platform;
  readonly progress: (done: number, total: number) => void;
}

export interface CapturedImage {
  /** Bytes of the image. */
  readonly size: number;
  readonly statement?: Statement;
  /** The seal's own file. */
  readonly sealPath?: string;
  /** Why no inventory was stated. */
  readonly silence?: string | undefined;
}

/** The stage becomes the image: nothing is copied. @throws DisksealError `E_EXISTS`, `E_WRITE`, what sealing throws */
export async function finishRaw(staged: StagedDisk, job: ImageJob): Promise<CapturedImage> {
  const { part, disk } = staged;
  const { seal, platform, out, force } = job;
  if (!seal) {
    await part.publish(out, force);
    return { size: disk.size };
  }
  const inventory = await listsOf(staged, platform);
  const embedding = seal.detached ? undefined : await embeddingOf(staged);
  if (!embedding) return finishBeside(staged, inventory, { ...job, seal });
  const statement = await sealImage(disk, embedding, seal.subject, inventory.lists, behind(staged), { platform, progress: job.progress });
  await requireVerified(part.disk(statement.imageSize), undefined, [ownCertificate(seal.signer)], platform);
  await part.publish(out, force);
  return { size: statement.imageSize, statement, silence: inventory.silence };
}

async function finishBeside(
  { part, disk }: StagedDisk,
  { lists, silence }: Inventory,
  { seal, platform, out, force }: ImageJob & { seal: CaptureSeal },
): Promise<CapturedImage> {
  return withOutput(`${out}.seal`, force, async (file) => {
    const statement = await putBeside(disk, file, lists, seal, platform);
    await part.publish(out, force);
    return { size: disk.size, statement, sealPath: file.path, silence };
  });
}

/** @throws DisksealError `E_UNSUPPORTED` for a disk that no DMG holds, `E_EXISTS`, `E_WRITE`, what sealing throws */
export async function finishDmg(staged: StagedDisk, job: ImageJob): Promise<CapturedImage> {
  const { seal, platform, out, force, progress } = job;
  const disk = capturedDisk(staged.disk, staged.chunks);
  const inventory = seal ? await listsOf(staged, platform) : undefined;
  return withOutput(out, force, async (file) => {
    const inside = seal && inventory && !seal.detached ? { ...seal.subject, content: inventory.entries } : undefined;
    const statement = await packDisk(disk, file, inside, { platform, threads: platform.threads, progress });
    if (!seal || !inventory) return { size: file.position };
    if (statement) await requireVerified(file.written(), undefined, [ownCertificate(seal.signer)], platform);
    if (statement) return { size: file.position, statement, silence: inventory.silence };
    return withOutput(`${out}.seal`, force, async (beside) => {
      const made = await putBeside(file.written(), beside, inventory.lists, seal, platform);
      return { size: file.position, statement: made, sealPath: beside.path, silence: inventory.silence };
    });
  });
}

async function putBeside(
  image: StagedDisk['disk'],
  file: OutputFile,
  lists: SealLists,
  { subject, signer }: CaptureSeal,
  platform: Platform,
): Promise<Statement> {
  const { area, statement } = await detachedSeal(image, subject, lists, platform);
  await file.write(area);
  await requireVerified(image, file.written(), [ownCertificate(signer)], platform);
  return statement;
}

/** A file that gets its name when `use` is done. */
async function withOutput<T>(path: string, force: boolean, use: (file: OutputFile) => Promise<T>): Promise<T> {
  const file = await createOutput(path, { force });
  try {
    const result = await use(file);
    await file.publish();
    return result;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

interface Inventory extends VolumeInventory {
  readonly lists: SealLists;
}

async function listsOf({ disk, chunks }: StagedDisk, platform: Platform): Promise<Inventory> {
  const inventory = await inventoryOfImage(capturedDisk(disk, chunks), platform);
  return { ...inventory, lists: { content: encodeInventory(inventory.entries), dressing: new Uint8Array() } };
}

/**
 * Behind the disk, where `sign` would put it too and nothing of the disk changes: it must end where a seal may begin, and an ISO volume
 * says itself where it ends.
 */
async function embeddingOf({ disk }: StagedDisk): Promise<Embedding | undefined> {
  if (disk.size % RAW_ALIGNMENT !== 0 || (await imageKind(disk)) !== 'raw') return undefined;
  try {
    return await embedInRaw(disk);
  } catch (error) {
    if (error instanceof DisksealError && error.code === 'E_NO_ROOM') return undefined;
    throw error;
  }
}

/** Takes the whole image, front to back, and writes what is not there yet. */
function behind({ part, disk }: StagedDisk): Sink {
  let position = 0;
  return {
    get position() {
      return position;
    },
    async write(bytes) {
      if (position >= disk.size) await part.write(position, bytes);
      position += bytes.length;
    },
  };
}

/** @throws DisksealError `E_USAGE`: a copy of a sealed image is the image, and has its seal */
export async function refuseSealed({ disk }: StagedDisk, path: string): Promise<void> {
  const sealed = await hasSeal(disk).catch((error: unknown) => {
    if (error instanceof DisksealError && error.exitCode >= 20) return false;
    throw error;
  });
  if (!sealed) return;
  throw new DisksealError('E_USAGE', 'the source holds an image that is sealed already', {
    path,
    hint: 'capture it without --key: its seal comes with it',
  });
}
