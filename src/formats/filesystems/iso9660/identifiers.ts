/**
 * The names that a tree's views get. Sources: ECMA-119 7.5, 7.6 and 10 (levels), Joliet section "Character Set"; where names must
 * be changed, in the way of mkisofs: upper case, "_" for what is not allowed, shortened, and a number for those that became equal.
 * All children of a folder are mapped together and in the order given, so that the same names give the same names.
 */
/** ECMA-119 10: 1 allows names of 8 and 3 characters, 2 of 30; 3 files of several sections too. */
export type Level = 1 | 2 | 3;

export interface NamedChild {
  readonly name: string;
  readonly isFolder: boolean;
}

/** Longest name, extension and sum of both; folders have no extension. An extension leaves eight characters to the name. */
const LONG = { name: 30, extension: 22, sum: 30, folder: 31 } as const;
const LIMITS = { 1: { name: 8, extension: 3, sum: 11, folder: 8 }, 2: LONG, 3: LONG } as const;

/** An extension that is kept whole when the name must be shortened. */
const KEPT_EXTENSION = 8;
const VERSION = ';1';

/** Identifiers for the primary tree: of files with dot and version. No two show as the same name. */
export function isoIdentifiers(children: readonly NamedChild[], level: Level): string[] {
  const wished = children.map(({ name, isFolder }) => wishedIdentifier(name, isFolder, level));
  const made = distinct(wished, (parts, tail) => shown(shortened(parts, tail)));
  return made.map(({ wish, tail }) => {
    const { name, extension, isFolder } = shortened(wish, tail);
    return isFolder ? name : `${name}.${extension}${VERSION}`;
  });
}

interface Parts {
  readonly name: string;
  readonly extension: string;
  readonly isFolder: boolean;
  readonly longest: number;
}

function wishedIdentifier(given: string, isFolder: boolean, level: Level): Parts {
  const limits = LIMITS[level];
  if (isFolder) return { name: dCharacters(given), extension: '', isFolder, longest: limits.folder };
  // A dot at the start begins no extension.
  const dot = given.lastIndexOf('.');
  const all = dot > 0 ? dCharacters(given.slice(dot + 1)) : '';
  const name = dCharacters(dot > 0 ? given.slice(0, dot) : given);
  const fits = name.length + all.length <= limits.sum && name.length <= limits.name;
  const extension = all.slice(0, fits ? limits.extension : Math.min(limits.extension, KEPT_EXTENSION));
  return { name, extension, isFolder, longest: Math.min(limits.name, limits.sum - extension.length) };
}

function dCharacters(text: string): string {
  let mapped = '';
  // One underscore for one character, whatever its encoding.
  for (const character of text.replace(/[a-z]/g, (letter) => letter.toUpperCase())) {
    mapped += /^[A-Z0-9_]$/.test(character) ? character : '_';
  }
  return mapped;
}

function shortened({ name, extension, isFolder, longest }: Parts, tail: string): Omit<Parts, 'longest'> {
  return { name: name.slice(0, longest - tail.length) + tail, extension, isFolder };
}

function shown({ name, extension }: Omit<Parts, 'longest'>): string {
  return extension === '' ? name : `${name}.${extension}`;
}

/** Joliet's own limit, and the one up to which records have room and systems read them. UTF-16 units. */
export const JOLIET_NAME = 64;
export const LONG_JOLIET_NAME = 103;

/**
 * Names for the Joliet tree: UCS-2, which has no characters above U+FFFF. No two of them are the same to Linux, which passes over
 * dots at the end, or to it and Windows, which pass over case.
 */
export function jolietNames(children: readonly NamedChild[], longest: number): string[] {
  const wished = children.map(({ name }) => jolietWish(name));
  const made = distinct(wished, (wish, tail) => jolietName(wish, tail, longest).toUpperCase());
  return made.map(({ wish, tail }) => jolietName(wish, tail, longest));
}

function jolietWish(name: string): string {
  return endingInNoDot(name.replace(/[\p{Cc}*/:;?\\\u{10000}-\u{10ffff}]|\p{Surrogate}/gu, '_'));
}

function endingInNoDot(name: string): string {
  return name.replace(/\.+$/, (dots) => '_'.repeat(dots.length));
}

function jolietName(name: string, tail: string, longest: number): string {
  if (name.length + tail.length <= longest && tail === '') return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && name.length - dot <= KEPT_EXTENSION + 1 ? name.slice(dot) : '';
  const stem = name.slice(0, Math.min(name.length, longest - tail.length) - extension.length);
  return endingInNoDot(stem + tail + extension);
}

interface Made<Wish> {
  readonly wish: Wish;
  readonly tail: string;
}

/** Gives a number of three or more digits to all but the first of those that wish for one name. @param form - the name that results */
function distinct<Wish>(wishes: readonly Wish[], form: (wish: Wish, tail: string) => string): Made<Wish>[] {
  // A name that one child has by itself is not given to another.
  const taken = new Set<string>();
  const made: (Made<Wish> | undefined)[] = wishes.map((wish) => {
    const plain = form(wish, '');
    if (taken.has(plain)) return undefined;
    taken.add(plain);
    return { wish, tail: '' };
  });
  const next = new Map<string, number>();
  return made.map((done, index) => {
    if (done) return done;
    const wish = wishes[index]!;
    const plain = form(wish, '');
    for (let number = next.get(plain) ?? 0; ; number++) {
      const tail = String(number).padStart(3, '0');
      const name = form(wish, tail);
      if (taken.has(name)) continue;
      taken.add(name);
      next.set(plain, number + 1);
      return { wish, tail };
    }
  });
}
