/** What a statement says of its image, held against what the image itself asks for; and two statements held against each other. */
import { DisksealError } from '../core/errors.ts';
import type { SealPlace } from '../seal/area.ts';
import { leafCount } from '../seal/coverage.ts';
import { checkTable, coverageOf } from '../seal/place.ts';
import type { Statement } from '../seal/statement.ts';

/**
 * The place of a seal in an image of the size that was signed. Where the seal's place does not depend on where the file ends (an ISO
 * volume says its own size, a detached seal is elsewhere), a file can be longer than what was signed.
 * @throws DisksealError `E_TRUNCATED` when it is shorter
 */
export function placeOfSigned(imageSize: number, found: SealPlace): SealPlace {
  const { format, placement, seal, imageSize: size } = found.coverage;
  const ends = placement === 'embedded' && format === 'iso' ? seal.offset + seal.size : 0;
  if (imageSize === size || imageSize < ends || (placement === 'embedded' && format !== 'iso')) return found;
  if (imageSize > size) {
    throw new DisksealError('E_TRUNCATED', `${imageSize} bytes were signed, the file has only ${size}`, {
      offset: size,
      hint: 'the file was cut short: download it again',
    });
  }
  return { ...found, coverage: coverageOf(format, placement, seal, imageSize) };
}

/** The statement must say of the coverage exactly what the verifier derived. @throws DisksealError `E_SEAL` */
export function agree(statement: Statement, place: SealPlace): void {
  const { coverage } = place;
  for (const key of ['format', 'placement', 'imageSize', 'seal', 'covered', 'masked'] as const) {
    const [said, found] = [JSON.stringify(statement[key]), JSON.stringify(coverage[key])];
    if (said === found) continue;
    const hint = key === 'imageSize' ? 'bytes were added to the image or cut from it' : undefined;
    throw new DisksealError('E_SEAL', `the statement says ${key} ${said}, the image asks for ${found}`, {
      field: `statement.${key}`,
      hint,
    });
  }
  const leaves = leafCount(coverage.covered);
  if (statement.tree.leaves !== leaves) {
    throw new DisksealError('E_SEAL', `${statement.tree.leaves} leaves were signed, the image asks for ${leaves}`, {
      field: 'statement.tree.leaves',
    });
  }
  checkTable(place);
}

/** Of two statements about one image: the members in which they must not differ and do. */
export function differingMembers(one: Statement, other: Statement): string[] {
  const keys = ['product', 'version', 'build', 'platform', 'arch', 'channel', 'format', 'content', 'dressing'] as const;
  return keys.filter((key) => JSON.stringify(one[key]) !== JSON.stringify(other[key]));
}
