/**
 * A detached seal judged before its image is there: whoever signed it, and what each chunk of the image will have to be. For bytes that
 * come through a pipe or from a server without ranges: the first wrong chunk is refused while the rest is still on its way.
 * It replaces no verification: when all bytes are there, `verify` judges image and seal together.
 */
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { findArea, readCms, type SealPlace } from '../seal/area.ts';
import { coverageOf } from '../seal/place.ts';
import { parseStatement, type Statement } from '../seal/statement.ts';
import { agree } from './agreement.ts';
import { policyChecks } from './policy-checks.ts';
import { type ProvenLeaves, provenLeaves } from './proven-leaves.ts';
import { checkArea, readTable } from './sealed-area.ts';
import { checkSignatures, policiesOf, type SignatureExpectations, type SignerReport } from './signature.ts';
import { type Check, decidingFailure } from './verdict.ts';

export interface ProvenSeal {
  readonly statement: Statement;
  readonly signers: readonly SignerReport[];
  readonly leaves: ProvenLeaves;
}

/** @throws DisksealError of the first failure in the order of codes: what the seal or a policy refuses */
export async function proveDetachedSeal(seal: Disk, policy: SignatureExpectations, platform: Platform): Promise<ProvenSeal> {
  const area = await findArea(seal, seal.size);
  if (!area || area.offset > 0) throw new DisksealError('E_NO_SEAL', 'the file that was named as a seal is none');
  const { checks, content, signers } = await checkSignatures(await readCms(area), policy, platform, area.layout.cms);
  if (!content) throw refusedBy(checks);
  const statement = parseStatement(content);
  const place = placeOf(statement, area);
  agree(statement, place);
  const all = [...checks, ...policyChecks(statement, policiesOf(policy), signers, policy.memory)];
  if (decidingFailure(all)) throw refusedBy(all);
  await checkArea(area, statement, platform);
  return { statement, signers, leaves: provenLeaves(place.coverage, await readTable(area, statement, platform), platform) };
}

/** As the statement claims it: the image is not there to be asked. */
function placeOf({ format, imageSize }: Statement, area: SealPlace['area']): SealPlace {
  const seal = { offset: 0, size: area.layout.size };
  return { area, coverage: coverageOf(format, 'detached', seal, imageSize), appleFrame: 0 };
}

function refusedBy(checks: readonly Check[]): DisksealError {
  const failed = decidingFailure(checks);
  if (!failed) return new DisksealError('E_INTERNAL', 'internal error: a seal was not judged');
  return new DisksealError(failed.code, failed.message, { offset: failed.offset, hint: failed.hint });
}
