/** A seal for an image that has none, or one beside an image: put into it where that changes nothing else. */
import { type Disk, readRange } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import type { Area, SealPlace } from '../../seal/area.ts';
import { embedInDmg } from '../../seal/embed-dmg.ts';
import { embedInIso } from '../../seal/embed-iso.ts';
import { embedInRaw } from '../../seal/embed-raw.ts';
import type { Embedding } from '../../seal/embedding.ts';
import { encodeInventory } from '../../seal/inventory.ts';
import type { SealLists, SealSubject } from '../../seal/make-seal.ts';
import { imageKind } from '../../seal/place.ts';
import { signerCertificates } from '../../seal/resign.ts';
import { detachedSeal, sealImage } from '../../seal/seal-image.ts';
import type { Identity, Statement } from '../../seal/statement.ts';
import { inventoryOfImage } from '../../verify/volume-inventory.ts';
import { refuseTaken } from '../images/taken.ts';
import { requireVerified } from './sealed-result.ts';
import { ownCertificate, type Signed, type SignJob, writeResult } from './sign-job.ts';
import type { OpenedSigner } from './signer.ts';

export type NewSeal = Omit<SealSubject, 'signer' | 'timestamp' | 'revocations'>;

const EMBED: Record<Awaited<ReturnType<typeof imageKind>>, (image: Disk) => Promise<Embedding>> = {
  dmg: embedInDmg,
  iso: embedInIso,
  raw: embedInRaw,
};

/**
 * Seals an image, in it or else beside it. @throws DisksealError `E_EXISTS`, what the image is refused for, and what the verifier refuses
 */
export async function sealForeign(job: SignJob & { signer: OpenedSigner }, seal: NewSeal, detached: boolean): Promise<Signed> {
  const { entries, silence } = await inventoryOfImage(job.image, job.platform);
  const lists = { content: encodeInventory(entries), dressing: new Uint8Array() };
  const kind = await imageKind(job.image);
  let reason = 'as asked for';
  if (!detached) {
    try {
      return { ...(await embedded(job, seal, lists, await EMBED[kind](job.image))), silence };
    } catch (error) {
      if (!(error instanceof DisksealError) || error.code !== 'E_NO_ROOM') throw error;
      reason = error.message;
    }
  }
  return { ...(await beside(job, seal, lists, reason, undefined)), silence };
}

/** A detached seal for an image that has one inside as well; it says of the content what the inner one says. */
export async function sealBeside(job: SignJob & { signer: OpenedSigner }, seal: NewSeal, inner: SealPlace): Promise<Signed> {
  return beside(job, seal, await listsOf(inner.area), 'as asked for', inner);
}

async function embedded(job: SignJob & { signer: OpenedSigner }, seal: NewSeal, lists: SealLists, embedding: Embedding): Promise<Signed> {
  const { image, platform, signer, timestamp, revocations } = job;
  const subject = { ...seal, signer: signer.signer, timestamp, revocations };
  const { path, result } = await writeResult(job, job.path, async (file, progress) => {
    const statement = await sealImage(image, embedding, subject, lists, file, { platform, progress });
    await requireVerified(file.written(), undefined, [ownCertificate(signer)], platform);
    return statement;
  });
  return { path, statement: result, signers: 1, about: `sealed inside, ${embedding.about}` };
}

async function beside(
  job: SignJob & { signer: OpenedSigner },
  seal: NewSeal,
  lists: SealLists,
  reason: string,
  inner: SealPlace | undefined,
): Promise<Signed> {
  const { image, platform, signer, timestamp, revocations, force } = job;
  const target = job.target ?? `${job.path}.seal`;
  await refuseTaken(target, force);
  const trusted = [ownCertificate(signer), ...(inner ? await signerCertificates(inner.area, platform) : [])];
  const { path, result } = await writeResult({ ...job, target }, target, async (file) => {
    const made = await detachedSeal(image, { ...seal, signer: signer.signer, timestamp, revocations }, lists, platform);
    await file.write(made.area);
    await requireVerified(image, file.written(), trusted, platform);
    return made.statement;
  });
  return { path, statement: result, signers: 1, about: `sealed by a file beside it: ${reason}` };
}

async function listsOf({ disk, offset, layout, mark }: Area): Promise<SealLists> {
  return {
    content: await readRange(disk, offset + layout.content, mark.contentLength, 'content inventory'),
    dressing: await readRange(disk, offset + layout.dressing, mark.dressingLength, 'dressing inventory'),
  };
}

/** What the statement of an inner seal says the image is. */
export function identityOf({ product, version, build, platform, arch, channel }: Statement): Identity {
  return { product, version, ...(build === undefined ? {} : { build }), platform, arch, channel };
}
