/**
 * Is the product the one that was wanted, and no older than known? Asked of the statement once its signers are believed.
 * Rules: docs/seal-format.md section 9; no clock has a part in it.
 */
import type { Statement } from '../seal/statement.ts';
import { lookUp, type Memory, type Pin, type ReleaseFault, releaseFault, type SeenRelease } from '../trust/pins.ts';
import type { CompletePolicy } from '../trust/policy.ts';
import { compareVersions } from '../trust/version-order.ts';
import type { SignerReport } from './signer-report.ts';
import type { Check } from './verdict.ts';

/** @returns checks named `product`, `version`, `apple` and `downgrade`, as policies and memory ask for them */
export function policyChecks(
  statement: Statement,
  policies: readonly CompletePolicy[],
  signers: readonly SignerReport[],
  memory: Memory | undefined,
): Check[] {
  const own = policies.flatMap((policy, index) => {
    const checks = [...productChecks(statement, policy), ...versionChecks(statement, policy), ...appleChecks(statement, policy)];
    return index === 0
      ? checks
      : checks.map((check) => (check.status === 'fail' ? { ...check, message: `${policy.name}: ${check.message}` } : check));
  });
  return [...own, ...(memory ? downgradeChecks(statement, signers, memory) : [])];
}

type Scope = 'product' | 'channel' | 'platform' | 'arch' | 'format';
const LISTS = {
  product: 'products',
  channel: 'channels',
  platform: 'platforms',
  arch: 'architectures',
  format: 'formats',
} as const satisfies Record<Scope, keyof CompletePolicy>;
/** What a publisher says of an image that is for all of them. */
const FOR_ALL: Partial<Record<Scope, string>> = { platform: 'any', arch: 'universal' };

function productChecks(statement: Statement, policy: CompletePolicy): Check[] {
  const asked = (Object.keys(LISTS) as Scope[]).filter((scope) => policy[LISTS[scope]] !== undefined);
  if (asked.length === 0) return [];
  const wrong = asked.filter((scope) => statement[scope] !== FOR_ALL[scope] && !policy[LISTS[scope]]!.includes(statement[scope]));
  if (wrong.length === 0) {
    return [{ name: 'product', status: 'ok', message: asked.map((scope) => `${scope} ${statement[scope]}`).join(', ') }];
  }
  const message = wrong.map((scope) => `the ${scope} is ${statement[scope]}, wanted is ${policy[LISTS[scope]]!.join(' or ') || 'none'}`);
  return [
    {
      name: 'product',
      status: 'fail',
      code: 'E_PRODUCT',
      message: message.join('; '),
      hint: 'the image is genuine but another one than you asked for',
    },
  ];
}

function versionChecks({ version, build }: Statement, { minVersion, minBuild }: CompletePolicy): Check[] {
  const faults: string[] = [];
  const met: string[] = [];
  if (minBuild !== undefined) {
    if (build === undefined) faults.push(`the image has no build number, at least ${minBuild} is wanted`);
    else if (build < minBuild) faults.push(`the build is ${build}, at least ${minBuild} is wanted`);
    else met.push(`build ${build} is at least ${minBuild}`);
  }
  if (minVersion !== undefined) {
    const order = compareVersions(version, minVersion);
    if (order === undefined) faults.push(`the version ${version} cannot be compared with ${minVersion}, which is the least wanted`);
    else if (order < 0) faults.push(`the version is ${version}, at least ${minVersion} is wanted`);
    else met.push(`version ${version} is at least ${minVersion}`);
  }
  if (faults.length === 0) return met.length === 0 ? [] : [{ name: 'version', status: 'ok', message: met.join(', ') }];
  return [{ name: 'version', status: 'fail', code: 'E_DOWNGRADE', message: faults.join('; '), hint: 'ask for a newer image' }];
}

function appleChecks({ apple }: Statement, policy: CompletePolicy): Check[] {
  if (policy.apple !== 'required' || apple !== 'none') return [];
  const message = 'an Apple code signature is required, and the statement says that the image has none';
  return [{ name: 'apple', status: 'fail', code: 'E_APPLE', message }];
}

/** The order of releases is the publisher's: it is asked of each one who is known and counts. */
function downgradeChecks(statement: Statement, signers: readonly SignerReport[], memory: Memory): Check[] {
  const release = releaseOf(statement);
  const pins = new Set(signers.flatMap((signer) => pinOf(signer, statement.product, memory)));
  const tracked = [...pins].filter(({ releases }) => releases.length > 0);
  const found = tracked.map((pin) => releaseFault(pin, release)).find((fault) => fault !== undefined);
  if (found) {
    return [{ name: 'downgrade', status: 'fail', code: 'E_DOWNGRADE', message: say(found.fault, release, found.seen), hint: HINT }];
  }
  return tracked.length > 0 ? [{ name: 'downgrade', status: 'ok', message: `${told(release)} is no older than what was seen before` }] : [];
}

const HINT = 'somebody may be giving you an old image with known faults: ask the publisher which release is the newest';

export function releaseOf({ version, build, platform, arch, channel, content }: Statement): SeenRelease {
  return { version, ...(build === undefined ? {} : { build }), platform, arch, channel, content: content.digest };
}

function pinOf({ refusal, anchor, certificate }: SignerReport, product: string, memory: Memory): Pin[] {
  if (refusal || !anchor) return [];
  const answer = lookUp(memory, product, { anchor: anchor.sha256, subject: certificate.subject, spki: certificate.spki });
  return answer.kind === 'known' ? [answer.pin] : [];
}

function say(fault: ReleaseFault, release: SeenRelease, seen: SeenRelease): string {
  if (fault === 'older') return `${told(release)} is older than ${told(seen)}, which was seen before`;
  if (fault === 'other-content') return `${told(release)} was seen before with other files in it`;
  return `${told(release)} and ${told(seen)}, which was seen before, have no order: neither versions nor build numbers can be compared`;
}

function told({ version, build }: SeenRelease): string {
  return build === undefined ? version : `${version} (build ${build})`;
}
