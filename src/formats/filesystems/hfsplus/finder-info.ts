/**
 * The 32 bytes of com.apple.FinderInfo as macOS shows them. The record's two halves hold fields of the kernel's own too:
 * document id, date added, write counter, and a symbolic link's type and creator; getxattr gives zeros there, and so do we.
 */
import { ExtendedFileInfo, FileInfo } from './structs.ts';

export const FINDER_INFO_SIZE = FileInfo.size + ExtendedFileInfo.size;

/** Puts zeros where the kernel keeps its own fields. @returns undefined when nothing else is left */
export function visibleFinderInfo(stored: Uint8Array, isSymlink: boolean): Uint8Array | undefined {
  const shown = new Uint8Array(stored);
  if (isSymlink) shown.fill(0, 0, 8);
  shown.fill(0, 16, 24);
  shown.fill(0, 28, 32);
  return shown.some((byte) => byte !== 0) ? shown : undefined;
}
