/** What is built, as plain values: clock, randomness and environment have entered before. */
import type { FileTree } from '../core/file-tree.ts';
import type { FillableSink, Platform, ReadableSink, Sink } from '../core/platform.ts';
import type { Signer } from '../core/signer.ts';
import type { TrackMode } from '../formats/containers/bincue/cue-sheet.ts';
import type { BootImage, VolumeFields } from '../formats/filesystems/iso9660/format.ts';
import type { Dressing } from '../formats/finder/dressing.ts';
import type { LicenceText } from '../formats/licence/write.ts';
import type { SignOptions } from '../seal/sign.ts';
import type { Identity, Statement } from '../seal/statement.ts';

/** The kinds of image, in the order in which they are built. */
export const TARGETS = ['dmg', 'raw', 'iso', 'bin'] as const;
export type Target = (typeof TARGETS)[number];

export interface BuildPlan {
  /** Its root's name is the volume's. */
  readonly tree: FileTree;
  /** Of DMG and raw images. */
  readonly dressing?: Dressing | undefined;
  readonly identity: Identity;
  /** HFSX instead of HFS+, in DMG and raw images. */
  readonly caseSensitive: boolean;
  /** Unix seconds: creation of the volume. */
  readonly created: number;
  /** zlib's, 1 to 9. */
  readonly compressionLevel: number;
  readonly raw?: RawSettings | undefined;
  /** Of ISO and BIN images. */
  readonly iso?: IsoSettings | undefined;
  /** What a DMG shows before it opens, the licence for everybody else first. */
  readonly licence?: readonly LicenceText[] | undefined;
  readonly bin?: { readonly mode?: TrackMode | undefined } | undefined;
  /** Absent: the images are not sealed. */
  readonly seal?: Sealing | undefined;
}

export interface Sealing extends Omit<SignOptions, 'platform'> {
  readonly signer: Signer;
  /** As in `SealSubject`. */
  readonly nextKeys?: readonly string[] | undefined;
}

export interface RawSettings {
  /** What stands before the volume. Default: `apm`, behind whose disk a seal can stand. */
  readonly partitionMap?: 'gpt' | 'mbr' | 'apm' | 'none' | undefined;
}

export interface IsoSettings {
  readonly level?: 1 | 2 | 3 | undefined;
  readonly joliet?: boolean | 'long' | undefined;
  /** A UDF 1.02 volume beside the ISO 9660 volume; `only`: a UDF 2.01 volume in its place, for which nothing else here holds. */
  readonly udf?: boolean | 'only' | undefined;
  readonly fields?: VolumeFields | undefined;
  readonly boot?: readonly BootImage[] | undefined;
  /** Of ISO images: partitions, so that they start from a stick too. */
  readonly hybrid?: HybridSettings | undefined;
}

export interface HybridSettings {
  /** `gpt`, whose copy stands behind the volume, or `mbr`, which is in the first sector alone. */
  readonly map: 'mbr' | 'gpt';
  /** What a BIOS starts of a disk: 432 bytes of code at least, isolinux's `isohdpfx.bin` or GRUB's `boot_hybrid.img`. */
  readonly bootSector?: Uint8Array | undefined;
}

/** Where a DMG is written, front to back. */
export interface DmgOutput {
  readonly target: 'dmg';
  readonly sink: ReadableSink;
}

/** Where another image is filled. */
export interface FilledOutput {
  readonly target: Exclude<Target, 'dmg'>;
  /** The image's file name, without folder. */
  readonly name: string;
  readonly sink: FillableSink;
  /** A file beside the image: `image.cue` for `image.bin`, `image.img.seal` for `image.img`. */
  beside(what: 'cue' | 'seal'): Promise<Sink>;
  /** A place for bytes that are thrown away at the end. */
  scratch(): Promise<FillableSink>;
}

export type ImageOutput = DmgOutput | FilledOutput;

export interface BuildOptions {
  readonly platform: Platform;
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number) => void;
  readonly warn?: (message: string, path?: string) => void;
}

export interface BuildResult {
  /** Bytes of the image. */
  readonly size: number;
  /** Bytes of the disk that it holds. */
  readonly diskSize: number;
  readonly entries: number;
  readonly statement?: Statement;
}
