/** What another builder's configuration says, in this manifest's words: facts that carry over, and remarks about those that do not. */
import { DisksealError } from '../../core/errors.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface DraftItem {
  readonly src?: string;
  readonly dst?: string;
  readonly type?: 'link';
  readonly target?: string;
  readonly exclude?: readonly string[];
  readonly x?: number;
  readonly y?: number;
}

/** The part of a manifest that other builders know. */
export interface Draft {
  name?: string;
  version?: string;
  id?: string;
  output?: string;
  volume: { name?: string; filesystem?: 'HFS+'; icon?: string; badgeIcon?: string };
  window: Record<string, unknown>;
  contents: DraftItem[];
  dmg: { compression?: { level: number } };
  license?: string | Record<string, string>;
  licenseDefault?: string;
}

/** Becomes a comment before the part of the manifest that it is about. */
export interface Remark {
  readonly about: keyof Draft;
  readonly text: string;
}

export interface Imported {
  /** What the configuration belongs to. */
  readonly builder: string;
  readonly draft: Draft;
  readonly remarks: readonly Remark[];
}

/** Collects what an importer finds. */
export class Import implements Imported {
  readonly draft: Draft = { volume: {}, window: {}, contents: [], dmg: {} };
  readonly remarks: Remark[] = [];
  readonly builder: string;

  constructor(builder: string) {
    this.builder = builder;
  }

  remark(about: keyof Draft, text: string): void {
    this.remarks.push({ about, text });
  }

  /** UDZO is what is written; whoever wanted another format is told. */
  format(value: unknown): void {
    if (typeof value === 'string' && value.toUpperCase() !== 'UDZO')
      this.remark('dmg', `format ${value} is not written yet: this makes UDZO`);
  }

  filesystem(value: unknown): void {
    if (value === undefined) return;
    if (value === 'HFS+') this.draft.volume.filesystem = value;
    else this.remark('volume', `filesystem ${textOf(value) ?? 'of another kind'} is not written yet: this makes HFS+`);
  }

  /** Codesigning belongs to a Mac; here the image is sealed. */
  appleSigning(what: string): void {
    this.remark('contents', `${what} signs or notarizes with Apple's tools on a Mac. Here "sign" seals the image: diskseal keys new keys`);
  }

  /** @returns a place, as an item has it */
  place(x: unknown, y: unknown): { x?: number; y?: number } {
    return typeof x === 'number' && typeof y === 'number' ? { x: Math.round(x), y: Math.round(y) } : {};
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/** @throws DisksealError `E_MANIFEST` */
export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new DisksealError('E_MANIFEST', `${what} is not an object of keys and values`);
}

/** Nothing where there is no such text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function pointOf(value: unknown): Point | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const [x, y] = Array.isArray(value) ? (value as unknown[]) : [(value as Fields).x, (value as Fields).y];
  return typeof x === 'number' && typeof y === 'number' ? { x: Math.round(x), y: Math.round(y) } : undefined;
}

/** The last part of a path, of either kind of separator. */
export function baseName(path: string): string {
  return path.replace(/[/\\]+$/, '').replace(/^.*[/\\]/, '');
}
