/**
 * Names that a Mac's filesystem takes for one. HFS+ and APFS compare decomposed names and, unless told otherwise, ignore
 * case. Unicode's own rules stand in for each filesystem's tables here, so a formatter may still find a rarer collision.
 */

const ASCII = /^[\x20-\x7e]*$/;

/** Two names with equal keys cannot stand in one folder. */
export function collisionKey(name: string, caseSensitive: boolean): string {
  if (ASCII.test(name)) return caseSensitive ? name : name.toLowerCase();
  const decomposed = name.normalize('NFD');
  if (caseSensitive) return decomposed;
  // One character at a time: the lower case of a final sigma depends on its neighbours, and names do not.
  let folded = '';
  for (const character of decomposed) folded += character.toLowerCase();
  return folded;
}

/** Why two names that have equal keys are taken for one, in words. */
export function collisionReason(a: string, b: string): string {
  return a.normalize('NFD') === b.normalize('NFD') ? 'differ only in how accents are encoded' : 'differ only in upper and lower case';
}
