/** Seals an image that is finished: into it at a place that was planned, or beside it. Specification: docs/seal-format.md section 10. */
import { type Disk, stream } from '../core/disk.ts';
import type { Platform, Sink } from '../core/platform.ts';
import { areaSize } from './area.ts';
import { CHUNK, coverageHasher, leafCount, withMask } from './coverage.ts';
import type { Embedding } from './embedding.ts';
import { hashCoverage } from './hash-coverage.ts';
import { makeSeal, type SealLists, type SealSubject } from './make-seal.ts';
import { coverageOf, imageKind } from './place.ts';
import type { Statement } from './statement.ts';

export interface SealImageOptions {
  readonly platform: Platform;
  readonly progress?: (done: number, total: number) => void;
}

/** Writes the image with its seal, front to back. @throws DisksealError `E_NO_ROOM`, `E_SEAL`, `E_KEY`, `E_WEAK`, `E_READ`, `E_WRITE` */
export async function sealImage(
  image: Disk,
  embedding: Embedding,
  subject: SealSubject,
  lists: SealLists,
  sink: Sink,
  { platform, progress }: SealImageOptions,
): Promise<Statement> {
  const { kind, step } = embedding;
  // A table of more leaves than there can be: how many there are depends on where the area begins, and that on its size.
  const size = roundUp(sizeFor(lists, Math.ceil(image.size / CHUNK) + 2), step);
  const { before, after } = embedding.around(size);
  const imageSize = before.size + size + after.size;
  const coverage = coverageOf(kind, 'embedded', { offset: before.size, size }, imageSize);
  const hasher = coverageHasher(platform);
  for await (const bytes of stream(before)) {
    await hasher.update(bytes);
    await sink.write(bytes);
    progress?.(sink.position, imageSize);
  }
  await hasher.nextRange();
  let position = before.size + size;
  for await (const bytes of stream(after)) {
    await hasher.update(withMask(bytes, position, coverage.masked));
    position += bytes.length;
  }
  const { statement, area } = await makeSeal(subject, coverage, await hasher.finish(), lists, platform);
  await sink.write(area);
  for await (const bytes of stream(after)) await sink.write(bytes);
  return statement;
}

/**
 * The file of a detached seal over the image as it is stored.
 * @param known - digests over all of it, when they were made while it was written
 * @throws DisksealError `E_SEAL`, `E_KEY`, `E_WEAK`, `E_READ`
 */
export async function detachedSeal(
  image: Disk,
  subject: SealSubject,
  lists: SealLists,
  platform: Platform,
  known?: { readonly flat: Uint8Array; readonly table: Uint8Array },
): Promise<{ statement: Statement; area: Uint8Array }> {
  const seal = { offset: 0, size: sizeFor(lists, leafCount([[0, image.size]])) };
  const coverage = coverageOf(await imageKind(image), 'detached', seal, image.size);
  const digests = known ?? (await hashCoverage(image, coverage.covered, coverage.masked, platform));
  return makeSeal(subject, coverage, digests, lists, platform);
}

function sizeFor({ content, dressing }: SealLists, leaves: number): number {
  return areaSize({ contentLength: content.length, dressingLength: dressing.length, tableLength: 32 * leaves });
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
