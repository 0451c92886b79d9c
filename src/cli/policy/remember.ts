/** `verify --remember`: the publisher of a product and its newest release are written down, after everything else was found good. */
import { DisksealError } from '../../core/errors.ts';
import { type Experience, lookUp, type Memory, releaseFault, remember, type Signatory } from '../../trust/pins.ts';
import { releaseOf } from '../../verify/policy-checks.ts';
import type { Verdict } from '../../verify/verify.ts';
import { thisHost } from '../host.ts';
import { updateMemory } from './known-publishers.ts';
import type { PolicyInForce } from './policy.ts';

/**
 * Another process may have remembered something newer since the verdict: what is in the file when it is written decides.
 * @param verdict - with exit code 0
 * @returns the file
 * @throws DisksealError `E_USAGE` for example keys, `E_STATE`, `E_WRITE`, `E_UNKNOWN_PUBLISHER`, `E_DOWNGRADE`
 */
export async function rememberVerdict(verdict: Verdict, policy: PolicyInForce): Promise<string> {
  const { memoryFile } = policy;
  if (memoryFile === undefined) {
    throw new DisksealError('E_STATE', 'there is no place to remember publishers at', { hint: 'set HOME, or "state" in a policy file' });
  }
  const experience = experienceOf(verdict, policy);
  await updateMemory(memoryFile, thisHost(), (memory) => {
    refuseStale(memory, experience);
    return remember(memory, experience);
  });
  return memoryFile;
}

function experienceOf({ statement, signers, demonstration }: Verdict, { pin }: PolicyInForce): Experience {
  const counted = signers.filter(({ refusal }) => !refusal);
  if (!statement || counted.length === 0) throw new DisksealError('E_INTERNAL', 'internal error: a good verdict about nobody');
  if (demonstration || counted.some((signer) => signer.demonstration)) {
    throw new DisksealError('E_USAGE', 'example keys are not remembered: everybody has them', { hint: 'leave out --remember' });
  }
  const signatories = counted.map(({ anchor, certificate }): Signatory => {
    return { anchor: anchor!.sha256, subject: certificate.subject, spki: certificate.spki };
  });
  const time = Math.max(0, ...counted.map(({ provenTime }) => Math.floor(provenTime ?? 0)));
  return { product: statement.product, signatories, release: releaseOf(statement), next: statement.keys, time, rule: pin };
}

function refuseStale(memory: Memory, { product, signatories, release }: Experience): void {
  for (const signatory of signatories) {
    const answer = lookUp(memory, product, signatory);
    if (answer.kind === 'new-key' || answer.kind === 'other') {
      throw new DisksealError('E_UNKNOWN_PUBLISHER', `another publisher of ${product} was remembered meanwhile`);
    }
    if (answer.kind === 'known' && releaseFault(answer.pin, release)) {
      throw new DisksealError('E_DOWNGRADE', `another release of ${product} was remembered meanwhile, and this one is not newer`);
    }
  }
}
