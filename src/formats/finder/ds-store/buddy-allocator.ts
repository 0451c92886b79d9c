/**
 * The space of a .DS_Store: blocks of 2^n bytes in 2 GiB, each either allocated or in one free list, neighbours ("buddies") merged.
 * Offsets count from byte 4 of the file; the first 32 bytes belong to the header. Source: files that the Finder wrote.
 */
const SMALLEST = 5;
const LARGEST = 31;

export interface Block {
  readonly offset: number;
  /** Bytes, a power of two. */
  readonly size: number;
}

export interface BuddyAllocator {
  /** The lowest free block that has the room; larger ones are halved. @param size - bytes needed, at least 1 */
  allocate(size: number): Block;
  /** Offsets of the free blocks of 2^width bytes, ascending; index is the width, 0 to 31. */
  freeLists(): readonly (readonly number[])[];
}

export function buddyAllocator(): BuddyAllocator {
  // Without the header's 32 bytes there is one block of each size left.
  const free: number[][] = Array.from({ length: LARGEST + 1 }, (_, width) => (width >= SMALLEST && width < LARGEST ? [2 ** width] : []));
  return {
    allocate(size) {
      const width = Math.max(SMALLEST, Math.ceil(Math.log2(size)));
      let from = width;
      while (free[from]!.length === 0) from++;
      const offset = free[from]!.shift()!;
      while (from > width) {
        from--;
        free[from]!.unshift(offset + 2 ** from);
      }
      return { offset, size: 2 ** width };
    },
    freeLists: () => free,
  };
}
