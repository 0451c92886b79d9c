/**
 * More signatures and timestamps in a seal that is there: its statement stays, and so does every byte of the signatures that it has.
 * Only the CMS message and the marks that say its length are written anew. Source: docs/seal-format.md sections 4 and 7.
 */
import { readRange } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import type { Signer } from '../core/signer.ts';
import { toHex } from '../core/struct.ts';
import { parseSignedData, type SignedData, type SignerInfo } from '../pki/cms.ts';
import { encodeSignedData, withoutUnsignedAttributes, withTimeStampToken } from '../pki/cms-write.ts';
import { signatureToRenew, withRenewal } from '../pki/timestamp-token-write.ts';
import { type Certificate, parseCertificate } from '../pki/x509.ts';
import { type Area, CMS_LIMIT, encodeArea, readCms } from './area.ts';
import { type SignOptions, signOnce } from './sign.ts';

/**
 * @returns the area with one signer more, as long as it was
 * @throws DisksealError `E_NO_ROOM` when it is full, `E_USAGE` when this key has signed already, `E_KEY`, `E_WEAK`, and what a malformed seal is
 */
export async function coSign(area: Area, signer: Signer, options: SignOptions): Promise<Uint8Array> {
  const data = await readSignatures(area);
  const own = parseCertificate(signer.certificates[0]!);
  for (const info of data.signers) {
    const certificate = await certificateOf(info, data, options.platform);
    if (certificate?.publicKey.value !== own.publicKey.value) continue;
    throw new DisksealError('E_USAGE', `the key of ${own.subject.text} has signed this image already`, {
      hint: 'to add a timestamp only, leave out --key',
    });
  }
  const { parts, path } = await signOnce(data.content, signer, options);
  return rewritten(area, {
    content: data.content,
    certificates: [...data.certificates.map(({ bytes }) => bytes), ...path],
    signers: [...data.signers.map(({ bytes }) => bytes), parts],
    revocations: [...data.revocations, ...(options.revocations ?? [])],
  });
}

/**
 * @param timestamp - asks an authority about a signature
 * @returns the area with a timestamp for each signature that has none yet; when all have, with every timestamp renewed
 * @throws DisksealError `E_NO_ROOM` when it is full, what `timestamp` throws, and what a malformed seal is
 */
export async function addTimestamps(area: Area, timestamp: AskForTimestamp): Promise<Uint8Array> {
  const { content, certificates, signers, revocations } = await readSignatures(area);
  const anew = signers.every(({ timeStampTokens }) => timeStampTokens.length > 0);
  const stamped: Uint8Array[] = [];
  for (const info of signers) {
    if (anew) stamped.push(await renewed(info, timestamp));
    else if (info.timeStampTokens.length > 0) stamped.push(info.bytes);
    else stamped.push(withTimeStampToken(info.bytes, await timestamp(info.signature)));
  }
  return rewritten(area, { content, certificates: certificates.map(({ bytes }) => bytes), signers: stamped, revocations });
}

type AskForTimestamp = (signature: Uint8Array) => Promise<Uint8Array>;

/** Rule 14 of the seal: a renewal shows that a timestamp was there before its authority's certificate expired. */
async function renewed({ bytes, timeStampTokens }: SignerInfo, timestamp: AskForTimestamp): Promise<Uint8Array> {
  let signer = withoutUnsignedAttributes(bytes);
  for (const token of timeStampTokens) {
    signer = withTimeStampToken(signer, withRenewal(token, await timestamp(signatureToRenew(token))));
  }
  return signer;
}

/** The signers' own certificates, as the signatures bind them: nothing about them is verified. */
export async function signerCertificates(area: Area, platform: Platform): Promise<Certificate[]> {
  const data = await readSignatures(area);
  const found = await Promise.all(data.signers.map((info) => certificateOf(info, data, platform)));
  return found.filter((certificate) => certificate !== undefined);
}

async function readSignatures(area: Area): Promise<SignedData> {
  return parseSignedData(await readCms(area), area.offset + area.layout.cms);
}

async function certificateOf(info: SignerInfo, { certificates }: SignedData, platform: Platform): Promise<Certificate | undefined> {
  const wanted = toHex(info.certificateHashes[0] ?? new Uint8Array());
  for (const certificate of certificates) {
    if (toHex(await platform.digest('sha256', certificate.bytes)) === wanted) return certificate;
  }
  return undefined;
}

async function rewritten(area: Area, parts: Parameters<typeof encodeSignedData>[0]): Promise<Uint8Array> {
  const { disk, offset, layout, mark } = area;
  const cms = encodeSignedData(parts);
  const room = Math.min(CMS_LIMIT, layout.footer - layout.cms);
  if (cms.length > room) {
    throw new DisksealError('E_NO_ROOM', `the seal has room for ${room} bytes of signatures, these would be ${cms.length}`, {
      hint: 'nothing was changed; --detached makes a seal beside the image',
    });
  }
  const read = (start: number, length: number): Promise<Uint8Array> => readRange(disk, offset + start, length, 'seal');
  return encodeArea(layout.size, {
    content: await read(layout.content, mark.contentLength),
    dressing: await read(layout.dressing, mark.dressingLength),
    table: await read(layout.table, mark.tableLength),
    cms,
  });
}
