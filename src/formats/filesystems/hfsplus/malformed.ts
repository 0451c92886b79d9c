/** The one way in which reading HFS Plus complains: `E_HFSPLUS` with a place on the volume. */
import { DisksealError } from '../../../core/errors.ts';

/** @param offset - bytes from the start of the volume @param field - as in `VolumeHeader.blockSize` */
export function malformed(message: string, offset: number, field: string, hint?: string): DisksealError {
  return new DisksealError('E_HFSPLUS', message, { offset, field, hint });
}
