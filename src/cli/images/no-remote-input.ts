/** What the one-file verifier has in place of remote-input.ts: it opens no connection. */
import { DisksealError } from '../../core/errors.ts';
import type { Input } from './input.ts';

export async function openRemoteInput(_url: string, _small: boolean): Promise<Input> {
  throw new DisksealError('E_USAGE', 'this verifier opens no connection', {
    hint: 'download the file first, or "curl … | node diskseal-verify.mjs -"; diskseal itself reads URLs',
  });
}
