/** What a .DS_Store says, for `inspect`: the one of a volume's root, or a file that is one. */
import type { Disk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import { type FileTree, find } from '../../core/file-tree.ts';
import { STORE_NAME } from '../../formats/finder/dressing.ts';
import { type DescribedRecord, describeRecords } from '../../formats/finder/ds-store/describe.ts';
import { isStore, readStore, STORE_LIMIT } from '../../formats/finder/ds-store/read.ts';

/** Records, or why they cannot be read; nothing where there is no .DS_Store. */
export type StoreFacts = readonly DescribedRecord[] | DisksealError | undefined;

export async function storeOf(tree: FileTree): Promise<StoreFacts> {
  try {
    const entry = await find(tree, STORE_NAME);
    return entry?.type === 'file' ? await readRecords(entry.content) : undefined;
  } catch (error) {
    if (error instanceof DisksealError) return error;
    throw error;
  }
}

/** The records of a file that begins as a .DS_Store. @throws DisksealError `E_DS_STORE` when it goes on otherwise */
export async function storeIn(file: Disk): Promise<readonly DescribedRecord[] | undefined> {
  return file.size >= 8 && isStore(await file.read(0, 8)) ? readRecords(file) : undefined;
}

async function readRecords(file: Disk): Promise<DescribedRecord[]> {
  if (file.size > STORE_LIMIT) throw new DisksealError('E_DS_STORE', `the .DS_Store has ${file.size} bytes, too many to be read`);
  return describeRecords(readStore(await file.read(0, file.size)));
}

/** Lines of a table: whose record, its code, what it says; a list of settings goes on below. */
export function storeLines(records: readonly DescribedRecord[]): string[] {
  return records.flatMap(({ name, code, about, value }) => {
    const head = `${JSON.stringify(name)} ${code}${about === undefined ? '' : ` (${about})`}`;
    const settings = typeof value === 'object' && value !== null && code !== 'Iloc' ? valueLines(value, '  ') : undefined;
    return settings ? [head, ...settings] : [`${head} ${plain(value)}`];
  });
}

function valueLines(value: object, indent: string): string[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? [`${indent}${key}`, ...valueLines(inner, `${indent}  `)]
      : [`${indent}${key} ${plain(inner)}`],
  );
}

function plain(value: unknown): string {
  return typeof value === 'object' && value !== null && 'x' in value && 'y' in value
    ? `${String(value.x)}, ${String(value.y)}`
    : JSON.stringify(value);
}
