/** What index.json says of each image. */
import type { ErrorCode } from '../../src/core/errors.ts';

export interface Vector {
  readonly file: string;
  /** The detached seal to judge it by. */
  readonly seal?: string;
  /** What is wrong with it, or right. */
  readonly about: string;
  /** `verify` unless said: what reads the image. `inspect` judges no seal. */
  readonly command: 'verify' | 'verify --deep' | 'inspect';
  readonly exitCode: number;
  /** Absent: nothing is wrong. */
  readonly code?: ErrorCode;
  /** Certificates to trust. */
  readonly trust: readonly string[];
  /** Names of publishers to expect. */
  readonly publishers: readonly string[];
  /** When to judge, Unix seconds. */
  readonly at: number;
  /** A policy file (docs/policy.md), which must be met as well. */
  readonly policy?: string;
  /** Vectors of one set were made together, by the same keys. */
  readonly set: 'dmg' | 'further';
}

/** Chunks of bytes and the digests over them: the byte at position p of all ranges together is p modulo 251. */
export interface TreeVector {
  /** Bytes of each covered range. */
  readonly ranges: readonly number[];
  readonly leaves: number;
  readonly root: string;
  readonly flat: string;
}

export interface StatementVector {
  readonly about: string;
  readonly valid: boolean;
  /** The statement in UTF-8, as base64: a text could not hold all of them. */
  readonly base64: string;
}
