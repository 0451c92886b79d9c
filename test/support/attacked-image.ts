/** One sealed image, the judge, and what strangers and the publisher himself can forge of it. */
import { describe, expect, test } from 'vitest';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import type { Platform } from '../../src/core/platform.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { encodeSignedData, signedAttributes, withTimeStampToken } from '../../src/pki/cms-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { type Verdict, type VerifyPolicy, verify } from '../../src/verify/verify.ts';
import { extension, LONG_LIFE, makeCertificate, NOW, sha256, signWith, testChain, testKey } from './certificates.ts';
import { altered, inserted, placesOf, type SealedImage, sealedImage, withCms } from './forged-seal.ts';
import { assembled, type Lies, type Pieces, piecesOf } from './hostile-image.ts';
import { file, folder, symlink, tree } from './memory-tree.ts';
import { testPlatform } from './platform.ts';
import { extendedKeyUsage, makeToken, testAuthority } from './timestamp-authority.ts';

export const { root, intermediate, leaf } = testChain('p256', 'Demo', LONG_LIFE);
export const PUBLISHER = 'CN=Demo Publisher,O=Demo';
export const policy: VerifyPolicy = {
  anchors: [{ kind: 'certificate', certificate: root.certificate }],
  publishers: [PUBLISHER],
  now: NOW,
};
export const app = tree('Hello', [
  folder('Hello.app', [
    file('hello', '#!/bin/sh\n', { mode: 0o755 }),
    file('empty', ''),
    folder('Resources', [file('a', 'b'.repeat(70_000))]),
  ]),
  symlink('Applications', '/Applications'),
]);

export const sealed: SealedImage = await sealedImage(app, leaf);
export const { bytes } = sealed;
export const pieces: Pieces = piecesOf(bytes);
export const places = placesOf(bytes);

export type Image = Uint8Array | Disk;
export type Attack = readonly [
  name: string,
  exits: number | readonly number[],
  forge: () => Image | Promise<Image>,
  says?: RegExp | undefined,
];

export const judge = (image: Image, more: Partial<VerifyPolicy> = {}, platform: Platform = testPlatform): Promise<Verdict> =>
  verify(image instanceof Uint8Array ? bytesDisk(image) : image, { ...policy, ...more }, platform);

/** A refusal gives no disk and no inventory, whatever else it says. */
export async function refused(image: Image, exits: number | readonly number[], more: Partial<VerifyPolicy> = {}): Promise<Verdict> {
  const verdict = await judge(image, more);
  expect(typeof exits === 'number' ? [exits] : exits, JSON.stringify(verdict.checks.filter(({ status }) => status === 'fail'))).toContain(
    verdict.exitCode,
  );
  expect(verdict.disk).toBeUndefined();
  expect(verdict.inventory).toBeUndefined();
  return verdict;
}

export function attacks(title: string, table: readonly Attack[], more: Partial<VerifyPolicy> = {}): void {
  describe(title, () => {
    for (const [name, exits, forge, says = /./] of table) {
      test(`${name}: ${[exits].flat().join(' or ')}`, async () => {
        const { checks } = await refused(await forge(), exits, more);
        expect(checks.some(({ status, message }) => status === 'fail' && says.test(message))).toBe(true);
      });
    }
  });
}

export const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
export const koly = (change: Partial<KolyTrailer>, image = bytes): Uint8Array =>
  altered(image, (copy) => void KolyTrailer.write({ ...places.koly, ...change }, copy, copy.length - KolyTrailer.size));
/** The publisher himself signs: what he may not say is refused all the same. */
export const signed = (lies: Omit<Lies, 'by'>, of: Partial<Pieces> = {}): Promise<Uint8Array> =>
  assembled({ ...pieces, ...of }, { ...lies, by: leaf });

export const cms = (): Uint8Array => bytes.subarray(places.cms, places.slack);

/** Bytes between plist and trailer that the trailer calls a code signature. */
export function hole(content: Uint8Array, change: Partial<KolyTrailer> = {}): Uint8Array {
  const named = { codeSignatureOffset: places.trailer, codeSignatureLength: content.length, ...change };
  return koly(named, inserted(bytes, places.trailer, content));
}

/** A ZIP archive of one stored file; `tail` bytes follow it as its comment. */
export function zip(tail: number): Uint8Array {
  const name = ascii('__main__.py');
  const content = ascii('print("not the publisher\'s")');
  const local = new Uint8Array(30);
  local.set([0x50, 0x4b, 3, 4]);
  const central = new Uint8Array(46);
  central.set([0x50, 0x4b, 1, 2]);
  const end = new Uint8Array(22);
  end.set([0x50, 0x4b, 5, 6]);
  new DataView(end.buffer).setUint16(20, tail, true);
  return joined(local, name, content, central, name, end);
}

export const MAGICS: Readonly<Record<string, Uint8Array>> = {
  'a ZIP archive': zip(10_000),
  'a 7z archive': Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4),
  'a RAR archive': Uint8Array.of(0x52, 0x61, 0x72, 0x21, 0x1a, 7, 1, 0),
  'a cabinet': Uint8Array.of(0x4d, 0x53, 0x43, 0x46, 0, 0, 0, 0, 99),
  'an ISO 9660 volume': joined(Uint8Array.of(1), ascii('CD001'), Uint8Array.of(1, 0)),
};

/** The publisher's signature as it was, and a stranger's beside it, whose certificate holds the payload. Nobody's key is needed. */
export function withStranger(payload: Uint8Array, key = testKey('p256', 'stranger')): Uint8Array {
  const { content, certificates, signers } = parseSignedData(bytes.subarray(places.cms, places.slack));
  const stranger = makeCertificate({ subject: 'CN=Stranger', key, extensions: { '1.2.3.4': extension('1.2.3.4', payload) } });
  const common = { hash: 'sha256', scheme: 'ecdsa' } as const;
  const values = { messageDigest: sha256(content), signingTime: NOW, certificateHashes: [sha256(stranger.bytes)], ...common };
  const attributes = signedAttributes(values);
  const [{ signedAttributes: own, signature }] = signers;
  return withCms(
    sealed,
    encodeSignedData({
      content,
      certificates: [...certificates.map((certificate) => certificate.bytes), stranger.bytes],
      signers: [
        { certificate: leaf.bytes, ...common, signedAttributes: own, signature },
        { certificate: stranger.bytes, ...common, signedAttributes: attributes, signature: signWith(stranger.key, attributes) },
      ],
    }),
  );
}

/** The publisher's signature as it was, with a right timestamp of an authority nobody knows, whose certificate holds the payload. */
export function withToken(payload: Uint8Array, signatureOf = (signature: Uint8Array): Uint8Array => signature): Uint8Array {
  const { content, certificates, signers } = parseSignedData(bytes.subarray(places.cms, places.slack));
  const [{ bytes: info, signature }] = signers;
  const extensions = {
    [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping]),
    '1.2.3.4': extension('1.2.3.4', payload),
  };
  const token = makeToken({ authority: testAuthority('p256', { extensions }), signature: signatureOf(signature) });
  const message = { content, certificates: certificates.map((one) => one.bytes), signers: [withTimeStampToken(info, token)] };
  return withCms(sealed, encodeSignedData(message));
}
