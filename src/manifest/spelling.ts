/** Keys as people spell them: camelCase is canonical, kebab-case and snake_case are read, and a slip gets a suggestion. */

/** What users of other builders write, and what it is called here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  title: 'the volume’s name is `volume: { name: … }`',
  volname: 'the volume’s name is `volume: { name: … }`',
  volumeName: 'the volume’s name is `volume: { name: … }`',
  productName: 'it is called `name`',
  release: 'it is called `version`',
  appId: 'it is called `id`',
  artifactName: 'it is called `output`',
  format: 'it belongs under `dmg:`',
  filesystem: 'it belongs under `volume:`',
  compression: 'it belongs under `dmg:`',
  path: 'a source is `src`, where a link points is `target`',
  from: 'a source is `src`',
  to: 'a place in the volume is `dst`',
  files: 'it is called `contents`',
  fileInfo: 'write `mode`, `uid`, `gid` and `mtime` directly in the item',
  owner: 'owners are numbers: `uid`',
  group: 'groups are numbers: `gid`',
  cert: 'it is called `certificates`',
  certificate: 'it is called `certificates`',
  passphrase: 'a passphrase never stands in a manifest: use `passphraseEnv` or `passphraseFile`',
  password: 'a passphrase never stands in a manifest: use `passphraseEnv` or `passphraseFile`',
};

const LATER = [
  'x',
  'y',
  'window',
  'icon',
  'iconSize',
  'iconTextSize',
  'background',
  'backgroundColor',
  'badgeIcon',
  'license',
  'iso',
  'raw',
  'bin',
];

/** `icon-size` and `icon_size` as `iconSize`. */
export function camelCase(key: string): string {
  return key.replace(/[-_]+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** What to say about a key that the schema does not have. */
export function unknownKeyHint(key: string, known: readonly string[]): string {
  const canonical = camelCase(key);
  const near = closest(canonical, known);
  if (near !== undefined) return meant(near);
  if (Object.hasOwn(ELSEWHERE, canonical)) return ELSEWHERE[canonical]!;
  if (LATER.includes(canonical)) return 'this version does not do that yet';
  return `known here: ${known.join(', ')}`;
}

export function meant(key: string): string {
  return `did you mean "${key}"?`;
}

/** The candidate that is nearest in spelling, when one is near enough to be meant. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let least = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least || word.length > 64) continue;
    const cost = distance(word.toLowerCase(), candidate.toLowerCase());
    if (cost < least) [best, least] = [candidate, cost];
  }
  return best;
}

/** Edits (insert, delete, replace, swap of neighbours) from one word to another: optimal string alignment. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = last[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(replaced, last[column]! + 1, current[column - 1]! + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    [before, last] = [last, current];
  }
  return last[b.length]!;
}
