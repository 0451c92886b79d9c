/** What page and worker say to each other: plain, cloneable data. */
import type { ErrorCode } from '../core/errors.ts';
import type { Statement } from '../seal/statement.ts';
import type { SignerReport } from '../verify/signer-report.ts';
import type { Check } from '../verify/verdict.ts';
import type { PageSettings } from './page-settings.ts';

export interface Question {
  readonly image: Blob;
  readonly seal?: Blob | undefined;
  readonly settings: PageSettings;
  /** Unix seconds. */
  readonly now: number;
}

export type Answer =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'verdict'; readonly verdict: PageVerdict }
  /** A fault of this program. */
  | { readonly kind: 'fault'; readonly message: string };

export interface PageVerdict {
  readonly exitCode: number;
  readonly code?: ErrorCode | undefined;
  readonly checks: readonly Check[];
  readonly statement?: Statement | undefined;
  readonly signers: readonly SignerReport[];
  readonly demonstration: boolean;
  /** Present when nothing failed. */
  readonly inventory?: ShownInventory | undefined;
}

export interface ShownInventory {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  /** Of all files. */
  readonly bytes: number;
  /** The first of them, in the inventory's order. */
  readonly entries: readonly ShownEntry[];
}

export interface ShownEntry {
  readonly path: string;
  readonly type: 'file' | 'folder' | 'symlink';
  /** Of a file. */
  readonly size?: number | undefined;
  /** Of a link. */
  readonly target?: string | undefined;
}
