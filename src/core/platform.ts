/**
 * What the outside world gives, as interfaces: everything asynchronous, so that a browser can give it too.
 * Node's implementations are in src/node/.
 */
import type { Disk, FileRange } from './disk.ts';

export type HashAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** Signature schemes as (key type, padding, digest). RSA is PKCS #1 v1.5 or PSS with the digest's own MGF1 and salt length. */
export type SignatureScheme = 'ecdsa' | 'rsa-pkcs1' | 'rsa-pss' | 'ed25519';

export interface Hash {
  update(bytes: Uint8Array): Promise<void>;
  digest(): Promise<Uint8Array>;
}

export interface SignatureCheck {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly scheme: SignatureScheme;
  /** Absent for ed25519, which hashes by itself. */
  readonly hash?: HashAlgorithm | undefined;
  readonly message: Uint8Array;
  /** ECDSA: the DER SEQUENCE of r and s. */
  readonly signature: Uint8Array;
}

export interface Platform {
  /** SHA-2 of a few bytes, which are taken at once: the caller may change them while it waits. */
  digest(algorithm: HashAlgorithm, bytes: Uint8Array): Promise<Uint8Array>;
  /** SHA-2 of a stream. */
  hash(algorithm: HashAlgorithm): Hash;
  /** False for any signature that is not exactly right; never throws for bad input. */
  verifySignature(check: SignatureCheck): Promise<boolean>;
  /** CRC-32 of zlib; `start` is the value so far. */
  crc32(bytes: Uint8Array, start?: number): number;
  /** A whole zlib stream (RFC 1950). Rejects with any error when it is damaged, longer than `size` or followed by other bytes. */
  inflate(bytes: Uint8Array, size: number): Promise<Uint8Array>;
  /** A zlib stream at level 1 to 9. The same bytes for the same input with one release of the platform. */
  deflate(bytes: Uint8Array, level: number): Promise<Uint8Array>;
  /** Fills `into` from a file. @throws DisksealError `E_CHANGED` when the file is not what it was, `E_READ` */
  readFile(range: FileRange, into: Uint8Array): Promise<void>;
  readonly threads: Threads;
}

/** Work that can run beside the main thread: a plain function of plain data, registered by name in the worker's entry file. */
export interface Task<Input, Output> {
  readonly name: string;
  run(input: Input, platform: Platform): Promise<Result<Output>>;
}

/** What a task gives back; buffers in `transfer` are moved to the caller, not copied. */
export interface Result<Output> {
  readonly value: Output;
  readonly transfer?: readonly ArrayBuffer[];
}

export interface Threads {
  /** How many tasks run at once, at least 1. */
  readonly width: number;
  /** Runs a task; buffers in `transfer` are moved to the thread. Errors arrive as they were thrown. */
  run<Input, Output>(task: Task<Input, Output>, input: Input, transfer?: readonly ArrayBuffer[]): Promise<Output>;
}

/** Where an image is written, front to back. */
export interface Sink {
  /** Bytes written so far. */
  readonly position: number;
  /** The bytes may be kept by the sink: the caller does not change them afterwards. */
  write(bytes: Uint8Array): Promise<void>;
}

/** A sink whose bytes can be read back before they are published. */
export interface ReadableSink extends Sink {
  /** What was written so far. */
  written(): Disk;
}

/**
 * One question to a server by HTTP POST.
 * @returns the body of a good answer, of bounded size @throws DisksealError `E_HTTP`
 */
export type HttpPost = (
  url: string,
  body: Uint8Array,
  types: { readonly contentType: string; readonly accept: string },
) => Promise<Uint8Array>;

/** A sink that is made as long as it will be and then filled at any place; what is not filled is zeros. */
export interface FillableSink extends ReadableSink {
  /** `position` is `size` then. */
  resize(size: number): Promise<void>;
  writeAt(position: number, bytes: Uint8Array): Promise<void>;
}
