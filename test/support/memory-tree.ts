/** Trees written down in a test. */
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import type { Entry, File, FileTree, Folder, Metadata, SymbolicLink } from '../../src/core/file-tree.ts';

/** 2026-01-01T00:00:00Z */
export const NEW_YEAR = 1_767_225_600;

type Given = Partial<Omit<Metadata, 'name'>>;

export function tree(name: string, children: readonly Entry[], given: Given = {}): FileTree {
  return { root: folder(name, children, given) };
}

export function folder(name: string, children: readonly Entry[], given: Given = {}): Folder {
  return {
    ...metadata(name, 0o755, given),
    type: 'folder',
    async *children() {
      yield* children;
    },
  };
}

export function file(name: string, content: string | Uint8Array | Disk = '', given: Given & Partial<File> = {}): File {
  return { ...metadata(name, 0o644, given), type: 'file', content: contentOf(content) };
}

export function symlink(name: string, target: string, given: Given = {}): SymbolicLink {
  return { ...metadata(name, 0o777, given), type: 'symlink', target };
}

function metadata<T extends Given>(name: string, mode: number, given: T) {
  return { mode, uid: 0, gid: 0, times: { created: NEW_YEAR, modified: NEW_YEAR, changed: NEW_YEAR, accessed: NEW_YEAR }, ...given, name };
}

function contentOf(content: string | Uint8Array | Disk): Disk {
  if (typeof content === 'string') return bytesDisk(new TextEncoder().encode(content));
  return content instanceof Uint8Array ? bytesDisk(content) : content;
}
