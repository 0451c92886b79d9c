/** One more signature in a seal that is there, or timestamps for the signatures that it has. */
import { bytesDisk, type Disk, joinDisks, sliceDisk, stream } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import type { SealPlace } from '../../seal/area.ts';
import { addTimestamps, coSign, signerCertificates } from '../../seal/resign.ts';
import type { Statement } from '../../seal/statement.ts';
import { requireVerified } from './sealed-result.ts';
import { ownCertificate, type Signed, type SignJob, signingTime, writeResult } from './sign-job.ts';

/**
 * @param sealPath - the file of the detached seal that was named
 * @param agrees - refuses when something was asked for that the statement does not say
 * @throws DisksealError `E_NO_ROOM` when nothing can be added, `E_USAGE`, `E_KEY`, and what the verifier refuses
 */
export async function signAgain(
  job: SignJob,
  place: SealPlace,
  sealPath: string | undefined,
  agrees: (statement: Statement) => void,
): Promise<Signed> {
  const { image, platform, signer, timestamp, revocations } = job;
  if (place.appleFrame > 0) {
    throw new DisksealError('E_NO_ROOM', 'the image has an Apple code signature over its seal, which nothing can be added to', {
      hint: 'nothing was changed; --detached makes a seal beside it',
    });
  }
  const { area } = place;
  const written = signer
    ? await coSign(area, signer.signer, { platform, signingTime: signingTime(), timestamp, revocations })
    : await addTimestamps(area, required(timestamp));
  const trusted = [...(await signerCertificates(area, platform)), ...(signer ? [ownCertificate(signer)] : [])];
  const { path, result: verdict } = await writeResult(job, sealPath ?? job.path, async (file, progress) => {
    const parts = sealPath === undefined ? around(image, area.offset, written) : bytesDisk(written);
    for await (const bytes of stream(parts)) {
      await file.write(bytes);
      progress(file.position, parts.size);
    }
    const checked =
      sealPath === undefined
        ? requireVerified(file.written(), undefined, trusted, platform)
        : requireVerified(image, file.written(), trusted, platform);
    const found = await checked;
    agrees(found.statement!);
    return found;
  });
  const about = signer ? `a signature was added, by ${ownCertificate(signer).subject.text}` : 'a timestamp was added';
  return { path, statement: verdict.statement!, signers: verdict.signers.length, about };
}

function required<T>(timestamp: T | undefined): T {
  if (timestamp !== undefined) return timestamp;
  throw new DisksealError('E_USAGE', 'the image is sealed, and it is not said what to add', {
    hint: '--key adds a signature, --timestamp URL a timestamp',
  });
}

/** The image with another area of the same length. */
function around(image: Disk, offset: number, area: Uint8Array): Disk {
  const end = offset + area.length;
  return joinDisks([sliceDisk(image, 0, offset), bytesDisk(area), sliceDisk(image, end, image.size - end)]);
}
