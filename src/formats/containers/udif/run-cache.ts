/** Remembers the expanded bytes of the runs that were used last, up to a number of bytes; whoever asks meanwhile waits for the same work. */
export class RunCache {
  private readonly limit: number;
  private readonly entries = new Map<number, Entry>();
  private total = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** @param size - bytes that `make` will give */
  get(key: number, size: number, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = this.entries.get(key);
    if (known) {
      // A Map keeps the order of insertion: the first is the one not used for longest.
      this.entries.delete(key);
      this.entries.set(key, known);
      return known.bytes;
    }
    const added = { bytes: make(), size };
    this.entries.set(key, added);
    this.total += size;
    added.bytes.catch(() => this.remove(key, added));
    for (const [oldKey, old] of this.entries) {
      if (this.total <= this.limit || old === added) break;
      this.remove(oldKey, old);
    }
    return added.bytes;
  }

  private remove(key: number, entry: Entry): void {
    if (this.entries.get(key) !== entry) return;
    this.entries.delete(key);
    this.total -= entry.size;
  }
}

interface Entry {
  readonly bytes: Promise<Uint8Array>;
  readonly size: number;
}
