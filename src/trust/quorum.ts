/**
 * "k of these": how many of the publishers wanted have signed. A key counts once, whatever certificates it has, and so does a name,
 * whatever keys stand behind it (TUF's CVE-2020-15093 is what comes of counting something else).
 */

export interface Countable {
  /** The key by its numbers, not by their encoding. */
  readonly keyValue: string;
  /** The publishers that this signer may stand for. */
  readonly names: readonly string[];
}

/** A name that stands for any number of publishers. */
export const ANYBODY = '*';

/** The largest number of pairs of a key and a name in which none appears twice: augmenting paths (Kuhn), for a handful of each. */
export function quorum(signers: readonly Countable[]): number {
  const namesOf = new Map<string, readonly string[]>();
  for (const { keyValue, names } of signers) namesOf.set(keyValue, [...(namesOf.get(keyValue) ?? []), ...names]);
  const taken = new Map<string, string>();
  let count = 0;
  for (const [key, names] of namesOf) if (names.includes(ANYBODY) || take(key, namesOf, taken, new Set())) count++;
  return count;
}

/** Gives the key a free name, or one whose holder can have another. Depth is bounded by the number of names. */
function take(key: string, namesOf: ReadonlyMap<string, readonly string[]>, taken: Map<string, string>, seen: Set<string>): boolean {
  for (const name of namesOf.get(key)!) {
    if (seen.has(name)) continue;
    seen.add(name);
    const holder = taken.get(name);
    if (holder !== undefined && !take(holder, namesOf, taken, seen)) continue;
    taken.set(name, key);
    return true;
  }
  return false;
}
