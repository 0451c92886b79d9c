/** `--trust` and `--publisher` as what a signature is expected to have. */
import { readFile } from 'node:fs/promises';
import { DisksealError } from '../core/errors.ts';
import { readError } from '../core/system-error.ts';
import { type Anchor, parseAnchors, parseFingerprint } from '../trust/anchor.ts';
import { DEMONSTRATION_KEYS } from '../trust/demonstration.ts';
import { parsePublisher } from '../trust/publisher.ts';
import type { VerifyPolicy } from '../verify/verify.ts';

export interface TrustOptions {
  readonly trust?: readonly string[];
  readonly publisher?: readonly string[];
}

/**
 * @throws DisksealError `E_USAGE` for a fingerprint of another form; `E_NOT_FOUND`, `E_READ`, `E_KEY` and what a malformed
 *   certificate is for a file that cannot be used
 */
export async function policyFrom({ trust = [], publisher = [] }: TrustOptions, now: number = Date.now()): Promise<VerifyPolicy> {
  // What cannot be meant is said before anything is read.
  for (const text of publisher) parsePublisher(text);
  const anchors: Anchor[] = [];
  for (const text of trust) anchors.push(...(await anchorsOf(text)));
  return { anchors, publishers: publisher, now: Math.floor(now / 1000), demonstrationKeys: DEMONSTRATION_KEYS };
}

async function anchorsOf(text: string): Promise<Anchor[]> {
  const fingerprint = parseFingerprint(text);
  if (fingerprint) return [fingerprint];
  if (/^sha256:/i.test(text)) {
    throw new DisksealError('E_USAGE', `--trust ${text} is not a SHA-256 fingerprint`, {
      hint: 'sha256: and 64 hexadecimal digits, in pairs with colons or without',
    });
  }
  const bytes = await readFile(text).catch((error: unknown) => {
    throw readError(text, error);
  });
  try {
    return parseAnchors(new Uint8Array(bytes));
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    // A file that the user names is the user's to mend, and says nothing about the image.
    throw new DisksealError('E_KEY', `--trust names a file that holds no usable certificate: ${error.message}`, {
      path: text,
      cause: error,
      hint: 'name a certificate in PEM, or sha256:HEX',
    });
  }
}
