/**
 * Is the CMS message of a seal right, whoever made it? Every signature is checked, so that all faults are seen; one that is wrong spoils
 * the message, and so does anything that rides along unsigned. Rules: docs/seal-format.md section 7.
 */
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { parseSignedData, type SignedData } from '../pki/cms.ts';
import type { Certificate } from '../pki/x509.ts';
import { embeddedEvidence, type RevocationEvidence } from '../trust/revocation.ts';
import { type ProvenSigner, proveSigner } from './signer-info.ts';
import { type Check, failure } from './verdict.ts';

export interface ProvenMessage {
  readonly content: Uint8Array;
  readonly signers: readonly ProvenSigner[];
  /** Revocation data that came along; whether it is of use is not known yet. */
  readonly evidence: RevocationEvidence;
}

/**
 * @param base - where the message begins in the image, for the offsets of failed checks
 * @param checks - gets what was checked
 * @returns undefined when a check failed
 */
export async function proveMessage(cms: Uint8Array, base: number, checks: Check[], platform: Platform): Promise<ProvenMessage | undefined> {
  const signers: ProvenSigner[] = [];
  let data: SignedData;
  let evidence: RevocationEvidence;
  try {
    data = parseSignedData(cms, base);
    evidence = embeddedEvidence(data.revocations);
  } catch (error) {
    checks.push(failure('signature', error));
    return undefined;
  }
  const byHash = new Map<string, Certificate>();
  for (const certificate of data.certificates) byHash.set(toHex(await platform.digest('sha256', certificate.bytes)), certificate);
  for (const info of data.signers) {
    try {
      const signer = await proveSigner(info, data, byHash, platform);
      checks.push(signatureCheck(signer));
      signers.push(signer);
    } catch (error) {
      checks.push(failure('signature', error));
    }
  }
  const unused = signers.length === data.signers.length ? unusedCertificate(data, signers) : undefined;
  if (unused) checks.push(failure('signature', unused));
  return checks.some(({ status }) => status === 'fail') ? undefined : { content: data.content, signers, evidence };
}

function signatureCheck({ path, algorithm }: ProvenSigner): Check {
  const [own] = path;
  return { name: 'signature', status: 'ok', message: `${algorithm.name} by ${own.subject.text} (${own.publicKey.name})` };
}

/** Nothing may ride along that no signature binds. */
function unusedCertificate({ certificates }: SignedData, signers: readonly ProvenSigner[]): DisksealError | undefined {
  const used = new Set(signers.flatMap(({ path }) => path));
  const unused = certificates.find((certificate) => !used.has(certificate));
  return unused && new DisksealError('E_CMS', `the certificate of ${unused.subject.text} is on no signer's path`);
}
