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
