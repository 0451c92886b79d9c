/** A verdict as an error, for commands that go on only with a verified image. */
import { DisksealError } from '../../core/errors.ts';
import { decidingFailure } from '../../verify/verdict.ts';
import type { Verdict } from '../../verify/verify.ts';

/** The failure that decides a verdict, as an error. */
export function refusal({ checks, code = 'E_INTERNAL' }: Verdict): DisksealError {
  const deciding = decidingFailure(checks);
  if (!deciding) return new DisksealError(code, 'the image was not verified');
  return new DisksealError(deciding.code, deciding.message, { offset: deciding.offset, hint: deciding.hint });
}

/** Rule 9 of the seal: what everybody can sign is not acted on. @throws DisksealError `E_UNTRUSTED` */
export function refuseDemonstration({ demonstration }: Verdict, path: string): void {
  if (!demonstration) return;
  throw new DisksealError('E_UNTRUSTED', 'the image is sealed with the example key, which everybody has', {
    path,
    hint: 'ask the publisher for an image sealed with a key of their own; "diskseal verify" tells what it is worth',
  });
}
