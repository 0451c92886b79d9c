/** One name for each content, whichever of its hard links a filesystem lists first. */
import { type FileTree, walk } from '../core/file-tree.ts';

/** @returns a function that gives the same text for all paths of a file, and different ones for different files */
export async function linkNames({ root }: FileTree): Promise<(path: string) => string> {
  const groups = new Map<string, string>();
  for await (const { path, entry } of walk(root)) {
    if (entry.type === 'file' && entry.linkGroup !== undefined) groups.set(path, `\0${entry.linkGroup}`);
  }
  return (path) => groups.get(path) ?? path;
}
