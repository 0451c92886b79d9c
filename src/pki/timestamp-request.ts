/**
 * What one asks a timestamp authority and what it answers. Source: RFC 3161 sections 2.4.1 and 2.4.2; sent over HTTP as section 3.4 says.
 * Left out: extensions, a policy of one's own choice, and the other ways of transport.
 */

import { encodeDigestAlgorithm } from './algorithms.ts';
import { type DerElement, readDer, TAG } from './der.ts';
import { boolean, element, integer, octetString, sequence } from './der-write.ts';
import type { MessageImprint } from './timestamp-token.ts';

export const QUERY_TYPE = 'application/timestamp-query';
export const REPLY_TYPE = 'application/timestamp-reply';

/**
 *     TimeStampReq ::= SEQUENCE { version INTEGER { v1(1) }, messageImprint MessageImprint, reqPolicy OBJECT IDENTIFIER OPTIONAL,
 *       nonce INTEGER OPTIONAL, certReq BOOLEAN DEFAULT FALSE, extensions [0] IMPLICIT Extensions OPTIONAL }
 *
 * @param nonce - content octets of a positive INTEGER
 */
export function encodeTimeStampRequest({ hash, hashedMessage }: MessageImprint, nonce: Uint8Array): Uint8Array {
  const imprint = sequence(encodeDigestAlgorithm(hash), octetString(hashedMessage));
  return sequence(integer(1), imprint, element(TAG.integer, nonce), boolean(true));
}

export interface TimeStampResponse {
  /** The token as it stands. Absent when the authority gave none; then `refusal` says why. */
  readonly token: Uint8Array | undefined;
  /** What the authority says, for people; absent when it granted what was asked. */
  readonly refusal: string | undefined;
}

/**
 *     TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken TimeStampToken OPTIONAL }
 *     PKIStatusInfo ::= SEQUENCE { status INTEGER, statusString SEQUENCE OF UTF8String OPTIONAL, failInfo BIT STRING OPTIONAL }
 *
 * @throws DisksealError `E_DER`
 */
export function parseTimeStampResponse(der: Uint8Array): TimeStampResponse {
  const fields = readDer(der, 'TimeStampResp').fields('TimeStampResp');
  const status = fields.next(TAG.sequence, 'status').fields('PKIStatusInfo');
  const number = status.next(TAG.integer, 'status').smallInteger('PKIStatusInfo.status', 255);
  const texts =
    status.optional(TAG.sequence)?.children.map((text) => text.expect(TAG.utf8String, 'statusString').text('statusString')) ?? [];
  const failures = status.optional(TAG.bitString);
  status.end();
  const token = fields.optional(TAG.sequence)?.bytes;
  fields.end();
  // Granted, or granted with modifications; section 2.4.2: a token is there in these two cases and in no other.
  if (number <= 1 && token) return { token, refusal: undefined };
  const name = STATUSES[number] ?? `status ${number}`;
  const reasons = failures ? failureNames(failures) : [];
  const refusal = [reasons.length > 0 ? `${name} (${reasons.join(', ')})` : name, ...texts].join(': ');
  return { token: undefined, refusal };
}

const STATUSES = [
  'granted, without a token',
  'granted with modifications, without a token',
  'rejection',
  'waiting',
  'revocation warning',
  'revoked',
];

/** PKIFailureInfo, RFC 3161 2.4.2. */
const FAILURES: ReadonlyMap<number, string> = new Map([
  [0, 'badAlg'],
  [2, 'badRequest'],
  [5, 'badDataFormat'],
  [14, 'timeNotAvailable'],
  [15, 'unacceptedPolicy'],
  [16, 'unacceptedExtension'],
  [17, 'addInfoNotAvailable'],
  [25, 'systemFailure'],
]);

/** Only to be told: whether the list ends in zero bits does not matter. */
function failureNames({ content }: DerElement): string[] {
  return [...FAILURES].filter(([bit]) => (content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))).map(([, name]) => name);
}
