/** What every way of signing an image works with, and how its results reach their names. */
import { chmod, realpath, stat } from 'node:fs/promises';
import type { Disk } from '../../core/disk.ts';
import type { Platform } from '../../core/platform.ts';
import { readError } from '../../core/system-error.ts';
import { createOutput as createFile, type OutputFile } from '../../node/output-file.ts';
import { type Certificate, parseCertificate } from '../../pki/x509.ts';
import type { SignOptions } from '../../seal/sign.ts';
import type { Statement } from '../../seal/statement.ts';
import type { Output } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import type { OpenedSigner } from './signer.ts';

export interface SignJob {
  /** The image's name as it was given. */
  readonly path: string;
  readonly image: Disk;
  /** `--output` */
  readonly target: string | undefined;
  readonly force: boolean;
  readonly signer: OpenedSigner | undefined;
  readonly timestamp: SignOptions['timestamp'];
  readonly revocations: SignOptions['revocations'];
  readonly platform: Platform;
  readonly output: Output;
}

export interface Signed {
  /** The file that was written: an image or a seal. */
  readonly path: string;
  readonly statement: Statement;
  readonly signers: number;
  /** For people: what was done. */
  readonly about: string;
  /** Why no inventory was stated. */
  readonly silence?: string | undefined;
}

/** Unix seconds, whole. */
export function signingTime(): number {
  return Math.floor(Date.now() / 1000);
}

export function ownCertificate({ signer }: OpenedSigner): Certificate {
  return parseCertificate(signer.certificates[0]!);
}

/**
 * Writes a file in place of `original` or, where another name was asked for, beside it; it gets its name when `write` is done.
 * @param original - a file that is replaced when no other name was asked for: it keeps its mode, and a link to it stays one
 */
export async function writeResult<T>(
  { target, force, output, path }: SignJob,
  original: string,
  write: (file: OutputFile, progress: (done: number, total: number) => void) => Promise<T>,
): Promise<{ path: string; result: T }> {
  const own = target === undefined ? await realpath(original).catch((error: unknown) => fail(original, error)) : undefined;
  const mode = own === undefined ? undefined : (await stat(own)).mode & 0o7777;
  const progress = createProgress(output, `signing ${path}`);
  const file = await createFile(own ?? target!, { force: force || own !== undefined });
  try {
    const result = await write(file, (done, total) => progress.update(done, total));
    if (mode !== undefined) await chmod(file.temporaryPath, mode);
    await file.publish();
    return { path: target ?? original, result };
  } catch (error) {
    await file.discard();
    throw error;
  } finally {
    progress.finish();
  }
}

function fail(path: string, error: unknown): never {
  throw readError(path, error);
}
