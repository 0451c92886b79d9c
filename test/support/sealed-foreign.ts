/** Images of others sealed as `sign` seals them, in memory. */
import { bytesDisk } from '../../src/core/disk.ts';
import { embedInDmg } from '../../src/seal/embed-dmg.ts';
import { embedInIso } from '../../src/seal/embed-iso.ts';
import { embedInRaw } from '../../src/seal/embed-raw.ts';
import { encodeInventory } from '../../src/seal/inventory.ts';
import type { SealSubject } from '../../src/seal/make-seal.ts';
import { findSeal, imageKind } from '../../src/seal/place.ts';
import { addTimestamps, coSign } from '../../src/seal/resign.ts';
import { detachedSeal, sealImage } from '../../src/seal/seal-image.ts';
import { inventoryOfImage } from '../../src/verify/volume-inventory.ts';
import { type Made, NOW, signerOf } from './certificates.ts';
import { memorySink } from './memory-sink.ts';
import { testPlatform } from './platform.ts';
import { makeToken, type TokenRecipe, testAuthority } from './timestamp-authority.ts';

const IDENTITY = { product: 'com.example.foreign', version: '1.0', platform: 'any', arch: 'universal', channel: 'stable' };
const EMBED = { dmg: embedInDmg, iso: embedInIso, raw: embedInRaw };

export type Subject = Partial<Omit<SealSubject, 'signer'>>;

const listsOf = async (image: Uint8Array) => {
  const { entries } = await inventoryOfImage(bytesDisk(image), testPlatform);
  return { content: encodeInventory(entries), dressing: new Uint8Array() };
};

/** The image with a seal in it. @param stated - an image whose files are stated instead @throws DisksealError `E_NO_ROOM` where `sign` makes a detached one */
export async function sealedInside(image: Uint8Array, by: Made, subject: Subject = {}, stated = image): Promise<Uint8Array> {
  const disk = bytesDisk(image);
  const embedding = await EMBED[await imageKind(disk)](disk);
  const sink = memorySink();
  const whole = { identity: IDENTITY, signingTime: NOW, signer: signerOf(by), ...subject };
  await sealImage(disk, embedding, whole, await listsOf(stated), sink, { platform: testPlatform });
  return sink.bytes();
}

/** The file of a detached seal. @param stated - an image whose files are stated instead */
export async function sealedBeside(image: Uint8Array, by: Made, subject: Subject = {}, stated = image): Promise<Uint8Array> {
  const whole = { identity: IDENTITY, signingTime: NOW, signer: signerOf(by), ...subject };
  return (await detachedSeal(bytesDisk(image), whole, await listsOf(stated), testPlatform)).area;
}

/** The image with a second signature in its seal. */
export async function coSigned(image: Uint8Array, by: Made): Promise<Uint8Array> {
  const { area } = (await findSeal(bytesDisk(image)))!;
  return withArea(image, area.offset, await coSign(area, signerOf(by), { platform: testPlatform, signingTime: NOW }));
}

/** The image with a timestamp in each signature of its seal. */
export async function timestamped(image: Uint8Array, authority = testAuthority(), change: Partial<TokenRecipe> = {}): Promise<Uint8Array> {
  const { area } = (await findSeal(bytesDisk(image)))!;
  return withArea(image, area.offset, await addTimestamps(area, async (signature) => makeToken({ authority, signature, ...change })));
}

function withArea(image: Uint8Array, offset: number, area: Uint8Array): Uint8Array {
  const copy = image.slice();
  copy.set(area, offset);
  return copy;
}
