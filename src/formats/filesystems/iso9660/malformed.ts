/** The one way in which reading ISO 9660 complains: `E_ISO9660` with a place in the image. */
import { DisksealError } from '../../../core/errors.ts';

/** @param offset - bytes from the start of the image @param field - as in `VolumeDescriptor.rootDirectory` */
export function malformed(message: string, offset: number, field: string, hint?: string): DisksealError {
  return new DisksealError('E_ISO9660', message, { offset, field, hint });
}

/** For what the format has and this version does not read. */
export function unsupported(message: string, offset: number, field: string): DisksealError {
  return new DisksealError('E_UNSUPPORTED', message, { offset, field });
}
