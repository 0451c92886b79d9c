/**
 * The extensions of a revocation list. Source: RFC 5280 5.2; expiredCertsOnCRL: ITU-T X.509 (2019) 9.5.2.8.
 * Syntax alone, as for certificates: `trust/` refuses lists with critical extensions that it does not evaluate.
 */
import { DisksealError } from '../core/errors.ts';
import { context, type DerElement, TAG } from './der.ts';
import { readDistributionPoints, readPointName } from './distribution-point.ts';
import { type AuthorityKeyIdentifier, listExtensions, readAuthorityKeyIdentifier } from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import { OID, oidName } from './oids.ts';

/** Which certificates and reasons a list is about: all of its issuer's when the extension is not there. */
export interface IssuingDistributionPoint {
  /** Undefined: not said. Empty: named in a way that nobody uses. */
  readonly names: readonly GeneralName[] | undefined;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCaCerts: boolean;
  readonly onlySomeReasons: boolean;
  readonly indirectCrl: boolean;
  readonly onlyContainsAttributeCerts: boolean;
}

export interface CrlExtensions {
  readonly authorityKeyIdentifier?: AuthorityKeyIdentifier;
  readonly crlNumber?: bigint;
  /** The number of the list to which this one only tells changes. */
  readonly deltaCrlIndicator?: bigint;
  readonly issuingDistributionPoint?: IssuingDistributionPoint;
  /** Unix seconds: certificates that expired since then are still listed. */
  readonly expiredCertsOnCrl?: number;
  readonly present: ReadonlySet<string>;
  readonly critical: ReadonlySet<string>;
}

type Draft = { -readonly [Key in keyof CrlExtensions]: CrlExtensions[Key] };

/** @param element - the SEQUENCE inside `[0]` of TBSCertList, or undefined when there is none */
export function readCrlExtensions(element: DerElement | undefined): CrlExtensions {
  const present = new Set<string>();
  const critical = new Set<string>();
  const draft: Draft = { present, critical };
  for (const { type, isCritical, value } of element ? listExtensions(element) : []) {
    present.add(type);
    if (isCritical) critical.add(type);
    READERS.get(type)?.(value.nested(oidName(type)), draft);
  }
  return draft;
}

const READERS: ReadonlyMap<string, (value: DerElement, draft: Draft) => void> = new Map<string, (value: DerElement, draft: Draft) => void>([
  [OID.authorityKeyIdentifier, (value, draft) => void (draft.authorityKeyIdentifier = readAuthorityKeyIdentifier(value))],
  [OID.crlNumber, (value, draft) => void (draft.crlNumber = readNumber(value, 'cRLNumber'))],
  [OID.deltaCrlIndicator, (value, draft) => void (draft.deltaCrlIndicator = readNumber(value, 'deltaCRLIndicator'))],
  [OID.issuingDistributionPoint, (value, draft) => void (draft.issuingDistributionPoint = readScope(value))],
  [OID.freshestCrl, (value) => void readDistributionPoints(value)],
  [
    OID.expiredCertsOnCrl,
    (value, draft) => void (draft.expiredCertsOnCrl = value.expect(TAG.generalizedTime, 'expiredCertsOnCRL').time('expiredCertsOnCRL')),
  ],
]);

/** 5.2.3: CRLNumber ::= INTEGER (0..MAX), of at most 20 octets. */
function readNumber(value: DerElement, field: string): bigint {
  if (value.expect(TAG.integer, field).content.length > 20) throw value.fail('a number of more than 20 octets', field);
  const number = value.integer(field);
  if (number < 0n) throw value.fail('must not be negative', field);
  return number;
}

/**
 * 5.2.5: IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0] DistributionPointName OPTIONAL,
 *   onlyContainsUserCerts [1] BOOLEAN DEFAULT FALSE, onlyContainsCACerts [2] BOOLEAN DEFAULT FALSE, onlySomeReasons [3] ReasonFlags OPTIONAL,
 *   indirectCRL [4] BOOLEAN DEFAULT FALSE, onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
 */
function readScope(value: DerElement): IssuingDistributionPoint {
  const field = 'issuingDistributionPoint';
  const fields = value.fields(field);
  const name = fields.optional(context(0));
  const flag = (number: number): boolean => readFlag(fields.optional(context(number, 'primitive')), field);
  const onlyContainsUserCerts = flag(1);
  const onlyContainsCaCerts = flag(2);
  const reasons = fields.optional(context(3, 'primitive'));
  const indirectCrl = flag(4);
  const onlyContainsAttributeCerts = flag(5);
  fields.end();
  reasons?.namedBits(field, context(3, 'primitive'));
  const kinds = [onlyContainsUserCerts, onlyContainsCaCerts, onlyContainsAttributeCerts].filter(Boolean);
  if (kinds.length > 1) throw malformed('it says of several kinds of certificates that it is only about one', value.offset);
  if (!name && !reasons && !indirectCrl && kinds.length === 0)
    throw malformed('an issuingDistributionPoint that says nothing', value.offset);
  return {
    names: name && readPointName(name),
    onlyContainsUserCerts,
    onlyContainsCaCerts,
    onlySomeReasons: reasons !== undefined,
    indirectCrl,
    onlyContainsAttributeCerts,
  };
}

/** A BOOLEAN DEFAULT FALSE behind a tag: when it is there, it is TRUE. */
function readFlag(element: DerElement | undefined, field: string): boolean {
  if (!element) return false;
  if (element.content.length !== 1 || element.content[0] !== 0xff) throw element.fail('must be TRUE when it is there', field);
  return true;
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_CERTIFICATE', `the revocation list: ${message}`, { offset, field: 'CertificateList.crlExtensions' });
}
