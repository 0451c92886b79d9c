/**
 * Extracts a verified image: every leaf is checked again as it is read, every entry is compared with the signed inventory
 * (both by the tree itself), and the folder appears whole or not at all.
 */
import type { VerifiedTree } from '../verify/verified-tree.ts';
import { prepareDestination } from './destination.ts';
import { quarantine } from './quarantine.ts';
import { type WriteOptions, type WriteReport, writeTree } from './write-tree.ts';

export interface ExtractOptions extends WriteOptions {
  /** Holds the temporary folder's path while there is one, for a signal handler. */
  readonly unfinished?: Set<string>;
  /** As `quarantineOf` gives it: what is extracted carries this mark. */
  readonly mark?: string | undefined;
}

/**
 * @param paths - in the volume, with or without a leading slash; none means all
 * @param destination - a folder that is empty or not there; its parent must be there
 * @throws DisksealError `E_TAMPERED`, `E_EXISTS`, `E_WRITE`, `E_NOT_FOUND`, `E_UNSUPPORTED`; nothing is left behind
 */
export async function extract(
  tree: VerifiedTree,
  paths: readonly string[],
  destination: string,
  options: ExtractOptions = {},
): Promise<WriteReport> {
  const prepared = await prepareDestination(destination, options.unfinished);
  try {
    const report = await writeTree(tree, paths, prepared.folder, options);
    if (options.mark !== undefined) await quarantine(prepared.folder, options.mark, options.system);
    await prepared.publish();
    return report;
  } catch (error) {
    await prepared.discard();
    throw error;
  }
}
