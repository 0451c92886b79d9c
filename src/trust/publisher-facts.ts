/**
 * What a certificate can be recognised by, as plain values. Apple's identifiers: "Apple PKI", Certification Practice Statement for
 * Developer ID (the marker extensions of leaf and intermediate), and TN3125 for the Team ID in the organizational unit.
 */
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import type { GeneralName } from '../pki/general-name.ts';
import { OID } from '../pki/oids.ts';
import type { Certificate } from '../pki/x509.ts';

export interface PublisherFacts {
  /** SHA-256 of the certificate and of its SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly sha256: string;
  readonly spki: string;
  /** RFC 4514. */
  readonly subject: string;
  /** `uri:`, `email:` or `dns:` and the name. */
  readonly alternativeNames: readonly string[];
  /** The certificates above it on its path, the anchor last. */
  readonly issuers: readonly PublisherFacts[];
  /** Apple's, where the path is one of Developer ID. */
  readonly teamId?: string | undefined;
}

/** @param path - a valid path: the certificate first, the anchor last */
export async function factsOf(path: readonly [Certificate, ...Certificate[]], platform: Platform): Promise<PublisherFacts> {
  const [own, ...above] = path;
  const issuers = await Promise.all(above.map((certificate) => factsOf([certificate], platform)));
  return {
    sha256: toHex(await platform.digest('sha256', own.bytes)),
    spki: toHex(await platform.digest('sha256', own.spki)),
    subject: own.subject.text,
    alternativeNames: (own.extensions.subjectAltName ?? []).flatMap(alternativeName),
    issuers,
    teamId: teamIdOf(own, above),
  };
}

function alternativeName(name: GeneralName): string[] {
  return 'text' in name ? [`${name.kind}:${name.text}`] : [];
}

/** Apple marks both: the leaf as a Developer ID certificate, the certificate above it as an authority for those. */
function teamIdOf({ extensions, subject }: Certificate, above: readonly Certificate[]): string | undefined {
  const [authority] = above;
  const marked =
    extensions.present.has(OID.appleDeveloperIdApplication) && authority?.extensions.present.has(OID.appleDeveloperIdAuthority);
  const units = subject.rdns.flatMap(({ attributes }) => attributes).filter(({ type }) => type === OID.organizationalUnitName);
  return marked && units.length === 1 ? units[0]!.text : undefined;
}
