/** What `sign` made, verified before it gets its name: nothing is published that our own verifier refuses (seal-rules 7). */
import type { Disk } from '../../core/disk.ts';
import type { Platform } from '../../core/platform.ts';
import type { Certificate } from '../../pki/x509.ts';
import { type Verdict, verify } from '../../verify/verify.ts';
import { refusal } from '../terminal/refusal.ts';

/**
 * @param seal - the detached seal, when there is one
 * @param signers - certificates of those who signed: whom to believe is not the question here
 * @throws DisksealError what the verifier refuses it for
 */
export async function requireVerified(
  image: Disk,
  seal: Disk | undefined,
  signers: readonly Certificate[],
  platform: Platform,
): Promise<Verdict> {
  const anchors = signers.map((certificate) => ({ kind: 'certificate', certificate }) as const);
  const now = Math.floor(Date.now() / 1000);
  const verdict = await verify(image, { anchors, publishers: [], now, ...(seal ? { seal } : {}) }, platform);
  if (verdict.exitCode !== 0) throw refusal(verdict);
  return verdict;
}
