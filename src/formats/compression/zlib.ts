/** zlib streams (RFC 1950) of a size that is known beforehand, over the platform's own inflate. */
import { DisksealError, type ErrorCode } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';

/**
 * Expands a whole stream: nothing may follow it and it must hold exactly `size` bytes. The caller has bounded `size`.
 * @throws DisksealError with `about.code` when the stream is damaged
 */
export async function inflateExactly(
  bytes: Uint8Array,
  size: number,
  platform: Platform,
  about: { code: ErrorCode; offset: number; field: string },
): Promise<Uint8Array> {
  try {
    return await platform.inflate(bytes, size);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DisksealError(about.code, `a zlib stream is damaged: ${reason}`, { offset: about.offset, field: about.field, cause });
  }
}
