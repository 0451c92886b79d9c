/**
 * Where an issuer publishes its revocation lists, as certificates and lists name it. Source: RFC 5280 4.2.1.13 and 5.2.5.
 *
 *     DistributionPoint ::= SEQUENCE { distributionPoint [0] DistributionPointName OPTIONAL, reasons [1] ReasonFlags OPTIONAL,
 *       cRLIssuer [2] GeneralNames OPTIONAL }
 *     DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RelativeDistinguishedName }
 */
import { context, type DerElement, TAG } from './der.ts';
import { type GeneralName, readGeneralName } from './general-name.ts';

export interface DistributionPoint {
  /** Names for one and the same place; empty when it is left out, or named relative to its issuer, which nobody does. */
  readonly names: readonly GeneralName[];
  /** Only some reasons of revocation are published here. */
  readonly someReasons: boolean;
  /** Another authority than the certificate's issuer publishes here. */
  readonly otherIssuer: boolean;
}

export function readDistributionPoints(value: DerElement): DistributionPoint[] {
  return value.list('cRLDistributionPoints').map((element) => {
    const fields = element.fields('DistributionPoint');
    const name = fields.optional(context(0));
    const reasons = fields.optional(context(1, 'primitive'));
    const issuer = fields.optional(context(2));
    fields.end();
    // 4.2.1.13: reasons alone say nothing.
    if (!name && !issuer) throw element.fail('neither a name nor an issuer', 'DistributionPoint');
    reasons?.namedBits('DistributionPoint.reasons', context(1, 'primitive'));
    issuer?.list('cRLIssuer', { tag: context(2) }).forEach((entry) => void readGeneralName(entry, 'cRLIssuer'));
    return { names: name ? readPointName(name) : [], someReasons: reasons !== undefined, otherIssuer: issuer !== undefined };
  });
}

/** @param element - the `[0]` around the choice */
export function readPointName(element: DerElement): GeneralName[] {
  const choice = element.only('distributionPoint');
  if (choice.tag === context(0)) {
    return choice.list('fullName', { tag: context(0) }).map((name) => readGeneralName(name, 'fullName'));
  }
  for (const attribute of choice.list('nameRelativeToCRLIssuer', { tag: context(1) })) {
    const fields = attribute.fields('nameRelativeToCRLIssuer');
    fields.next(TAG.oid, 'type');
    fields.any('value');
    fields.end();
  }
  return [];
}
