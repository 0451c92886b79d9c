/** Node's side of core's Platform: crypto, zlib, files and worker threads. */
import { constants, createHash, createPublicKey, hash as digest, verify } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { crc32, deflate, deflateSync, inflate, inflateSync } from 'node:zlib';
import type { FileRange } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Hash, HashAlgorithm, Platform, SignatureCheck, Threads } from '../core/platform.ts';
import { readError } from '../core/system-error.ts';

const inflateInPool = promisify(inflate);
const deflateInPool = promisify(deflate);

/**
 * @param threads - where tasks run
 * @param inWorker - true on a worker's own thread, where waiting is free: zlib then runs there and not in libuv's pool
 */
export function nodePlatform(threads: Threads, inWorker = false): Platform {
  return {
    digest: (algorithm, bytes) => Promise.resolve(plain(digest(algorithm, bytes, 'buffer'))),
    hash,
    verifySignature: (check) => Promise.resolve(verifySignature(check)),
    crc32: (bytes, start = 0) => crc32(bytes, start),
    async inflate(bytes, size) {
      const options = { maxOutputLength: Math.max(1, size), chunkSize: chunkSize(size), info: true } as const;
      // With `info` zlib also gives its engine, whose bytesWritten tells how much input the stream really had.
      const result = (inWorker ? inflateSync(bytes, options) : await inflateInPool(bytes, options)) as unknown as Inflated;
      if (result.engine.bytesWritten !== bytes.length) throw new Error('bytes follow the end of the zlib stream');
      if (result.buffer.length !== size) throw new Error(`the zlib stream holds ${result.buffer.length} bytes, not ${size}`);
      return plain(result.buffer);
    },
    async deflate(bytes, level) {
      // The largest memory level costs 256 KiB more and is a tenth faster; the stream is 0.1 % longer.
      const options = { level, memLevel: 9, chunkSize: chunkSize(bytes.length) };
      return plain(inWorker ? deflateSync(bytes, options) : await deflateInPool(bytes, options));
    },
    readFile: async (range, into) => readFileRange(range, into),
    threads,
  };
}

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** Node collects zlib's output in pieces and goes back to its event loop for each; its own 16 KiB cost a fifth of the speed. */
function chunkSize(expected: number): number {
  return Math.min(Math.max(expected + 64, 1024), 1 << 18);
}

/** A Buffer as the plain Uint8Array that it is. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function hash(algorithm: HashAlgorithm): Hash {
  const state = createHash(algorithm);
  return {
    async update(bytes) {
      state.update(bytes);
    },
    async digest() {
      return plain(state.digest());
    },
  };
}

function verifySignature({ publicKey, scheme, hash, message, signature }: SignatureCheck): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
    if (scheme === 'ed25519') return verify(null, message, key, signature);
    if (scheme === 'ecdsa') return verify(hash, message, { key, dsaEncoding: 'der' }, signature);
    if (scheme === 'rsa-pkcs1') return verify(hash, message, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    return verify(hash, message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
  } catch {
    return false;
  }
}

/** Synchronous: it runs on worker threads, where a system call is cheaper than a promise. */
function readFileRange(range: FileRange, into: Uint8Array): void {
  const { path, descriptor } = range;
  let opened: number | undefined;
  try {
    const fd = descriptor ?? (opened = openSync(path, 'r'));
    if (range.modified !== undefined) checkUnchanged(range, fd);
    for (let done = 0; done < into.length; ) {
      const got = readSync(fd, into, done, into.length - done, range.offset + done);
      if (got === 0) throw changed(path);
      done += got;
    }
  } catch (error) {
    throw readError(path, error);
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}

function checkUnchanged(range: FileRange, fd: number): void {
  const { size, mtimeNs } = fstatSync(fd, { bigint: true });
  if (size !== BigInt(range.fileSize) || mtimeNs !== range.modified) throw changed(range.path);
}

function changed(path: string): DisksealError {
  return new DisksealError('E_CHANGED', 'the file changed while it was read', { path, hint: 'build again when nothing writes to it' });
}
