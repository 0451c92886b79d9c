/**
 * `OUT.part` and `OUT.part.journal`: a disk as far as it is captured, whatever becomes of it. A later run goes on from there when the source
 * is the same by what the system says of it, was not written to since as far as the kernel counted, still reads the same in samples, and
 * when the file holds what the journal says. Whatever of the file is not right is captured again.
 */
import { type CaptureOptions, captureDisk, compareSamples, recheck, type Stage } from '../../capture/capture-disk.ts';
import { CapturedChunks } from '../../capture/captured-chunks.ts';
import type { Disk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import { type JournalFile, openJournal } from '../../node/journal-file.ts';
import { openPart, type PartFile } from '../../node/part-file.ts';
import type { DiskSource } from './disk-source.ts';

export interface StagedDisk {
  readonly part: PartFile;
  readonly journal: JournalFile;
  readonly chunks: CapturedChunks;
  /** The captured disk, as a file. */
  readonly disk: Disk;
  /** Bytes that an earlier try had left. */
  readonly kept: number;
}

export interface StageOptions {
  /** Throw away what an earlier try left. */
  readonly restart: boolean;
  readonly progress: (step: 'check' | 'read') => NonNullable<CaptureOptions['progress']>;
}

/** The first line of a journal. */
interface Head {
  readonly diskseal: typeof MARK;
  readonly source: string;
  readonly writes?: DiskSource['writes'];
}

const MARK = 'capture 1';

/**
 * Captures into `OUT.part`. What is captured stays there when it fails.
 * @param out - the image that will be made
 * @throws DisksealError `E_CHANGED` when the source is another one than that of an earlier try; what `captureDisk` throws
 */
export async function stageDisk(source: DiskSource, out: string, options: StageOptions): Promise<StagedDisk> {
  const part = await openPart(`${out}.part`, 'capture');
  try {
    const journal = await openJournal(`${out}.part.journal`);
    try {
      const chunks = new CapturedChunks(source.disk.size);
      const resumed = !options.restart && (await resume(source, part, journal, chunks, options));
      if (!resumed) await begin(source, part, journal);
      const kept = chunks.bytes();
      const { size } = source.disk;
      if (part.had > size) await part.resize(size);
      const stage: Stage = {
        disk: part.disk(size),
        write: (at, bytes) => part.write(at, bytes),
        note: (line) => journal.append(line),
        blank: !resumed,
      };
      await captureDisk(source, stage, chunks, { progress: options.progress('read') });
      return { part, journal, chunks, disk: stage.disk, kept };
    } catch (error) {
      await journal.close();
      throw error;
    }
  } catch (error) {
    await part.close();
    throw error;
  }
}

/** @returns false when there is nothing to go on with */
async function resume(
  source: DiskSource,
  part: PartFile,
  journal: JournalFile,
  chunks: CapturedChunks,
  options: StageOptions,
): Promise<boolean> {
  let head: Head | undefined;
  for await (const line of journal.lines()) {
    if (head) chunks.take(line);
    else head = parseHead(line);
    if (!head) break;
  }
  if (!head) {
    if (part.had > 0) throw another(part.path, 'what stands there is not the beginning of a capture that can be gone on with');
    return false;
  }
  if (head.source !== source.identity)
    throw another(part.path, 'it is the beginning of a capture of another source, or the source was changed');
  const { writes } = source;
  if (head.writes && writes && head.writes.attachment === writes.attachment && head.writes.sectors !== writes.sectors) {
    throw another(part.path, 'the source was written to since this capture began');
  }
  await part.resize(source.disk.size);
  await recheck(part.disk(source.disk.size), chunks, { progress: options.progress('check') });
  await compareSamples(source, chunks);
  return true;
}

async function begin({ identity, writes, disk }: DiskSource, part: PartFile, journal: JournalFile): Promise<void> {
  // In this order a run that is killed here leaves what can be gone on with.
  await part.resize(0);
  await journal.clear();
  const head: Head = { diskseal: MARK, source: identity, ...(writes ? { writes } : {}) };
  await journal.append(`${asciiJson(head)}\n`);
  await part.resize(disk.size);
}

function parseHead(line: string): Head | undefined {
  try {
    const head = JSON.parse(line) as Partial<Head> | null;
    return head?.diskseal === MARK && typeof head.source === 'string' ? (head as Head) : undefined;
  } catch {
    return undefined;
  }
}

function asciiJson(value: object): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function another(path: string, message: string): DisksealError {
  return new DisksealError('E_CHANGED', message, { path, hint: '--restart throws it away and begins anew; another output leaves it' });
}
