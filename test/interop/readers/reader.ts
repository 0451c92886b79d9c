/** What the independent readers have in common: what each says about a volume, what it can judge, and what it cannot. */
import type { Content, ExpectedEntry } from '../expected.ts';
import type { Unpacked } from '../unpack.ts';

/** One entry as a reader shows it. What the reader does not tell is left out. */
export interface SeenEntry {
  /** In the reader's own spelling, names joined by "/". */
  readonly path: string;
  readonly type: ExpectedEntry['type'];
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly modified?: number | undefined;
  readonly content?: Partial<Content> | undefined;
  readonly target?: string | undefined;
  readonly resourceFork?: Partial<Content> | undefined;
  readonly links?: number | undefined;
  readonly attributes?: ReadonlyMap<string, Partial<Content>> | undefined;
}

export interface Seen {
  readonly entries: readonly SeenEntry[];
  /** What the reader found wrong with the volume; none on a good one. */
  readonly complaints: readonly string[];
}

/** `name`: the exact characters; where a reader shows others in their place, `shownName` says which, and the rest is still compared. */
export type Aspect = 'presence' | 'name' | 'mode' | 'owner' | 'modified' | 'content' | 'target' | 'resourceFork' | 'links' | 'attributes';

/** What a reader cannot do: these aspects of these entries are not compared, and are counted under the reason. */
export interface Limit {
  readonly reason: string;
  readonly aspects: readonly Aspect[];
  applies(entry: ExpectedEntry): boolean;
}

export interface Reader {
  readonly name: string;
  /** Commands that must be there. */
  readonly commands: readonly string[];
  /** The Debian packages that bring them. */
  readonly packages: readonly string[];
  /** What it tells of every entry that has it; `presence` and the type are always judged. */
  readonly judges: readonly Aspect[];
  readonly limits: readonly Limit[];
  /** How it shows a name, given in composed form. */
  shownName(name: string): string;
  read(volume: Unpacked, scratch: string): Promise<Seen>;
}

/** The nine letters of `ls -l`, as in `rwsr-xr-t`. */
export function modeOfLetters(letters: string): number {
  let mode = 0;
  for (const [index, letter] of letters.split('').entries()) {
    if (letter === '-') continue;
    if (!'ST'.includes(letter)) mode |= 0o400 >> index;
    if ('sStT'.includes(letter)) mode |= 0o4000 >> ((index - 2) / 3);
  }
  return mode;
}
