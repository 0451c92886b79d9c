/**
 * Certificate policies along a path. Source: RFC 5280 section 6.1, the parts about valid_policy_tree, explicit_policy, policy_mapping and
 * inhibit_anyPolicy, with every policy acceptable to the user and nothing inhibited at the start.
 *
 * With every policy acceptable the tree has one question to answer: is there a node left at its deepest level? So a level is kept as a set
 * of policies, those that the next certificate may assert: what a node's ancestors are called changes nothing, and a tree that grows with
 * every mapping (CVE-2023-0464) cannot.
 * An anchor is no certificate of the path in the RFC. Beyond it, the constraints that an anchor puts on those below it are kept.
 */
import type { Extensions } from '../pki/extensions.ts';
import { OID } from '../pki/oids.ts';
import type { Certificate } from '../pki/x509.ts';

type Policies = ReadonlySet<string>;

/** State variables of 6.1.2: after how many more certificates something is demanded or forbidden. */
interface Skips {
  explicitPolicy: number;
  policyMapping: number;
  inhibitAnyPolicy: number;
}

/**
 * @param path - the certificate to be used first, the anchor last
 * @returns the certificate at which no policy is left though one is demanded, or undefined when the path is good
 */
export function policyFault(path: readonly Certificate[]): Certificate | undefined {
  const unlimited = path.length + 1;
  const skips: Skips = { explicitPolicy: unlimited, policyMapping: unlimited, inhibitAnyPolicy: unlimited };
  constrain(skips, path.at(-1)!.extensions);
  let acceptable: Policies = new Set([OID.anyPolicy]);
  for (let index = path.length - 2; index >= 0; index--) {
    const certificate = path[index]!;
    const isLast = index === 0;
    const anyCounts = skips.inhibitAnyPolicy > 0 || (!isLast && certificate.selfIssued);
    const asserted = assertedPolicies(acceptable, certificate, anyCounts);
    // 6.1.3 (f)
    if (skips.explicitPolicy === 0 && asserted.size === 0) return certificate;
    if (isLast) return demandedAtTheEnd(skips, certificate) && asserted.size === 0 ? certificate : undefined;
    acceptable = mapped(asserted, certificate.extensions, skips.policyMapping > 0);
    if (!certificate.selfIssued) countDown(skips);
    constrain(skips, certificate.extensions);
  }
  return undefined;
}

/** 6.1.3 (d) and (e): of what the level above lets pass, what this certificate asserts. Once empty it stays so. */
function assertedPolicies(acceptable: Policies, { extensions }: Certificate, anyCounts: boolean): Policies {
  const own = new Set(extensions.certificatePolicies?.map(({ policy }) => policy));
  if (own.has(OID.anyPolicy) && anyCounts) return acceptable.has(OID.anyPolicy) ? union(acceptable, own) : acceptable;
  own.delete(OID.anyPolicy);
  return acceptable.has(OID.anyPolicy) ? own : new Set([...own].filter((policy) => acceptable.has(policy)));
}

/** 6.1.4 (b): a policy of the issuer's domain goes on under the names that the subject's domain has for it. */
function mapped(asserted: Policies, { policyMappings = [] }: Extensions, allowed: boolean): Policies {
  const replaced = new Set(policyMappings.map(({ issuerDomainPolicy }) => issuerDomainPolicy));
  const kept = new Set([...asserted].filter((policy) => !replaced.has(policy)));
  if (!allowed) return kept;
  const named = policyMappings.filter(({ issuerDomainPolicy }) => asserted.has(issuerDomainPolicy) || asserted.has(OID.anyPolicy));
  return union(kept, new Set(named.map(({ subjectDomainPolicy }) => subjectDomainPolicy)));
}

/** 6.1.4 (h) */
function countDown(skips: Skips): void {
  skips.explicitPolicy = Math.max(0, skips.explicitPolicy - 1);
  skips.policyMapping = Math.max(0, skips.policyMapping - 1);
  skips.inhibitAnyPolicy = Math.max(0, skips.inhibitAnyPolicy - 1);
}

/** 6.1.4 (i) and (j) */
function constrain(skips: Skips, { policyConstraints, inhibitAnyPolicy }: Extensions): void {
  skips.explicitPolicy = Math.min(skips.explicitPolicy, policyConstraints?.requireExplicitPolicy ?? Infinity);
  skips.policyMapping = Math.min(skips.policyMapping, policyConstraints?.inhibitPolicyMapping ?? Infinity);
  skips.inhibitAnyPolicy = Math.min(skips.inhibitAnyPolicy, inhibitAnyPolicy ?? Infinity);
}

/** 6.1.5 (a) and (b) */
function demandedAtTheEnd({ explicitPolicy }: Skips, { extensions }: Certificate): boolean {
  return explicitPolicy <= 1 || extensions.policyConstraints?.requireExplicitPolicy === 0;
}

function union(left: Policies, right: Policies): Policies {
  return new Set([...left, ...right]);
}
