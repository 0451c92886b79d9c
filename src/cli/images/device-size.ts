/** How much of a device is the image: a device does not say it, so the user or the seal must (rule 2 of the seal). */
import type { Disk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import { parseSignedData } from '../../pki/cms.ts';
import { findArea, readCms } from '../../seal/area.ts';
import { parseStatement } from '../../seal/statement.ts';
import { parseByteCount } from './byte-count.ts';

/**
 * @param size - what `--size` says
 * @param seal - the detached seal that was named: what it claims is used before it is proven, and proven with all the rest
 * @returns nothing when neither says it @throws DisksealError `E_USAGE`
 */
export async function deviceSize(size: string | undefined, seal: Disk | undefined): Promise<number | undefined> {
  if (size !== undefined) return parseByteCount(size, '--size');
  if (!seal) return undefined;
  try {
    const area = await findArea(seal, seal.size);
    return area && parseStatement(parseSignedData(await readCms(area)).content).imageSize;
  } catch (error) {
    // What is wrong with the seal is the verifier's to say.
    if (error instanceof DisksealError) return undefined;
    throw error;
  }
}
