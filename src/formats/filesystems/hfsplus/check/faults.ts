/** What a check finds: a stable code, a sentence, and a place on the volume. */
import { DisksealError } from '../../../../core/errors.ts';

/** Each code names the thing that is wrong; docs and tests go by it. */
export const FAULT_CODES = [
  // the volume header and its copy
  'volume-header',
  'alternate-header',
  'volume-state',
  'journal',
  // a B-tree
  'tree-header',
  'tree-depth',
  'node-number',
  'node-kind',
  'node-height',
  'node-records',
  'record-offsets',
  'key-length',
  'key-order',
  'index-key',
  'forward-link',
  'backward-link',
  'leaf-records',
  'first-last-leaf',
  'node-map',
  'free-nodes',
  'unused-node',
  // the catalog
  'record-type',
  'record-length',
  'record-flags',
  'reserved-field',
  'catalog-id',
  'duplicate-id',
  'next-catalog-id',
  'name',
  'thread',
  'orphan',
  'valence',
  'folder-count',
  'file-count',
  'file-mode',
  'symbolic-link',
  'link-count',
  'hard-link',
  'orphan-inode',
  // forks and attributes
  'fork-size',
  'extent-range',
  'extent-record',
  'orphan-extents',
  'attribute-record',
  'attribute-flag',
  'orphan-attribute',
  // blocks
  'overlap',
  'block-marked-free',
  'block-marked-used',
  'bitmap-tail',
  'free-blocks',
] as const;

export type FaultCode = (typeof FAULT_CODES)[number];

export interface Fault {
  readonly code: FaultCode;
  /** A warning is what good volumes show too: an older state of the copy, a volume that was never unmounted. */
  readonly level: 'error' | 'warning';
  readonly message: string;
  /** Bytes from the start of the volume. */
  readonly offset: number;
  /** As in `VolumeHeader.freeBlocks`. */
  readonly field?: string | undefined;
}

/** A damaged table can be wrong in each of a million places: this many faults of one code are told one by one. */
const TOLD_OF_EACH = 20;

/** Thrown where a step cannot go on; `step` and `caught` make the fault of it. */
export class FoundFault extends Error {
  readonly code: FaultCode;
  readonly offset: number;

  constructor(code: FaultCode, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

export class Faults {
  readonly #list: Fault[] = [];
  readonly #counts = new Map<FaultCode, number>();

  error(code: FaultCode, message: string, offset: number, field?: string): void {
    this.#add({ code, level: 'error', message, offset, field });
  }

  warning(code: FaultCode, message: string, offset: number, field?: string): void {
    this.#add({ code, level: 'warning', message, offset, field });
  }

  /** Runs a step; what it finds malformed becomes a fault. @returns undefined then; other errors are thrown on */
  async step<T>(code: FaultCode, work: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.caught(code, error);
      return undefined;
    }
  }

  /** Turns an error of the readers into a fault; anything else is thrown on. @param code - unless the field says better */
  caught(code: FaultCode, error: unknown): void {
    if (error instanceof FoundFault) return this.error(error.code, error.message, error.offset);
    if (!(error instanceof DisksealError) || !READERS_CODES.has(error.code)) throw error;
    this.error(codeOf(error.field) ?? code, error.message, error.offset ?? 0, error.field);
  }

  #add(fault: Fault): void {
    const count = (this.#counts.get(fault.code) ?? 0) + 1;
    this.#counts.set(fault.code, count);
    if (count <= TOLD_OF_EACH) this.#list.push(fault);
  }

  all(): Fault[] {
    const rest = [...this.#counts].filter(([, count]) => count > TOLD_OF_EACH);
    const summaries = rest.map(([code, count]): Fault => {
      const last = this.#list.findLast((fault) => fault.code === code)!;
      return { ...last, message: `and ${count - TOLD_OF_EACH} more faults of this kind` };
    });
    return [...this.#list, ...summaries];
  }
}

/** What the readers throw for bytes that are wrong. An unreadable or tampered disk is no fault of the volume. */
const READERS_CODES: ReadonlySet<string> = new Set(['E_HFSPLUS', 'E_UNSUPPORTED', 'E_TRUNCATED']);

const CODES_OF_FIELDS: Record<string, FaultCode> = {
  'Node.recordOffsets': 'record-offsets',
  'NodeDescriptor.kind': 'node-kind',
  'NodeDescriptor.height': 'node-height',
  'NodeDescriptor.numRecords': 'node-records',
  'CatalogKey.keyLength': 'key-length',
  'ExtentKey.keyLength': 'key-length',
  'AttributeKey.keyLength': 'key-length',
  'CatalogRecord.recordType': 'record-type',
  CatalogRecord: 'record-length',
  'CatalogThread.nodeNameLength': 'record-length',
};

function codeOf(field = ''): FaultCode | undefined {
  if (field.endsWith(' keyLength')) return 'key-length';
  if (field.endsWith(' key order')) return 'key-order';
  return CODES_OF_FIELDS[field];
}
