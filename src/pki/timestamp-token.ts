/**
 * What a timestamp token says, before anything of it is believed. Source: RFC 3161 section 2.4.2.
 *
 *     TSTInfo ::= SEQUENCE { version INTEGER, policy OID, messageImprint MessageImprint, serialNumber INTEGER, genTime GeneralizedTime,
 *       accuracy …, ordering …, nonce …, tsa [0] …, extensions [1] … }
 *     MessageImprint ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashedMessage OCTET STRING }
 *
 * Left out: the token's own signature and path.
 */
import { DisksealError } from '../core/errors.ts';
import type { HashAlgorithm } from '../core/platform.ts';
import { hashSize } from './algorithms.ts';
import { context, type DerElement, readDer, TAG } from './der.ts';
import { OID } from './oids.ts';

export interface TimeStampStatement {
  readonly hash: HashAlgorithm;
  readonly hashedMessage: Uint8Array;
  /** Unix seconds, with a fraction where the authority gives one. */
  readonly time: number;
}

/** @throws DisksealError `E_TIMESTAMP` when it is no token in strict DER over a SHA-2 digest */
export function readTimeStampStatement(token: Uint8Array): TimeStampStatement {
  try {
    return readToken(readDer(token, 'TimeStampToken'));
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    throw new DisksealError('E_TIMESTAMP', `the timestamp is malformed: ${error.message}`, { cause: error });
  }
}

function readToken(element: DerElement): TimeStampStatement {
  const outer = element.fields('ContentInfo');
  if (outer.next(TAG.oid, 'contentType').oid('contentType') !== OID.idSignedData) throw element.fail('not SignedData');
  const signedData = outer.next(context(0), 'content').only('content').fields('SignedData');
  outer.end();
  signedData.next(TAG.integer, 'version');
  signedData.next(TAG.set, 'digestAlgorithms');
  const content = signedData.next(TAG.sequence, 'encapContentInfo').fields('encapContentInfo');
  if (content.next(TAG.oid, 'eContentType').oid('eContentType') !== OID.tstInfo) throw element.fail('not a TSTInfo');
  const octets = content.next(context(0), 'eContent').only('eContent').expect(TAG.octetString, 'eContent');
  content.end();
  return readTstInfo(octets.nested('TSTInfo'));
}

function readTstInfo(element: DerElement): TimeStampStatement {
  const fields = element.fields('TSTInfo');
  fields.next(TAG.integer, 'version').smallInteger('TSTInfo.version', 1);
  fields.next(TAG.oid, 'policy');
  const imprint = fields.next(TAG.sequence, 'messageImprint').fields('messageImprint');
  const algorithm = imprint.next(TAG.sequence, 'hashAlgorithm').fields('hashAlgorithm');
  const hash = HASHES.get(algorithm.next(TAG.oid, 'algorithm').oid('algorithm'));
  algorithm.optional(TAG.null);
  algorithm.end();
  const hashedMessage = imprint.next(TAG.octetString, 'hashedMessage').content;
  imprint.end();
  fields.next(TAG.integer, 'serialNumber');
  const time = fields.next(TAG.generalizedTime, 'genTime').time('TSTInfo.genTime');
  if (!hash || hashedMessage.length !== hashSize(hash)) throw element.fail('the imprint is no SHA-2 digest', 'messageImprint');
  return { hash, hashedMessage, time };
}

const HASHES: ReadonlyMap<string, HashAlgorithm> = new Map([
  [OID.sha256, 'sha256'],
  [OID.sha384, 'sha384'],
  [OID.sha512, 'sha512'],
]);
