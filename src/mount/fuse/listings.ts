/**
 * What folders hold, listed once and kept while there is room: a directory is asked for piece by piece, by position, and without a handle.
 * The tree does not change, so that a folder that was dropped and is listed anew has the same order.
 */
import type { Entry, Folder } from '../../core/file-tree.ts';

/** Entries of all folders that are kept; one larger folder is kept alone. */
const KEPT = 100_000;

export interface Listing {
  readonly entries: readonly Entry[];
  readonly byName: ReadonlyMap<string, Entry>;
}

export class Listings {
  readonly #kept = new Map<number, { readonly listing: Promise<Listing>; count: number }>();
  #total = 0;

  /** @throws what listing throws; it is tried anew the next time */
  of(id: number, folder: Folder): Promise<Listing> {
    const known = this.#kept.get(id);
    if (known) {
      this.#kept.delete(id);
      this.#kept.set(id, known);
      return known.listing;
    }
    const added = { listing: list(folder), count: 0 };
    this.#kept.set(id, added);
    added.listing.then(
      ({ entries }) => this.#weigh(id, added, entries.length),
      () => this.forget(id),
    );
    return added.listing;
  }

  /** The list when it is at hand. */
  at(id: number): Promise<Listing> | undefined {
    return this.#kept.get(id)?.listing;
  }

  forget(id: number): void {
    this.#total -= this.#kept.get(id)?.count ?? 0;
    this.#kept.delete(id);
  }

  #weigh(id: number, added: { count: number }, count: number): void {
    if (this.#kept.get(id) !== added) return;
    added.count = count;
    this.#total += count;
    for (const old of this.#kept.keys()) {
      if (this.#total <= KEPT || old === id) break;
      this.forget(old);
    }
  }
}

async function list(folder: Folder): Promise<Listing> {
  const entries: Entry[] = [];
  for await (const entry of folder.children()) entries.push(entry);
  return { entries, byName: new Map(entries.map((entry) => [entry.name, entry])) };
}
