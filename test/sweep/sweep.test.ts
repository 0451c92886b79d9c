/**
 * No byte of a sealed image is unaccounted for: each flipped in turn, each length cut off, bytes appended; `verify` must refuse all of
 * them. A sample, and in CI every byte of the first; DISKSEAL_SWEEP=full flips every byte of all, =sample of none.
 * One process for each core.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { buildDmg } from '../../src/build/build.ts';
import type { VerifyPolicy } from '../../src/verify/verify.ts';
import { makeCertificate, testKey } from '../support/certificates.ts';
import { sealedImage } from '../support/forged-seal.ts';
import { memorySink } from '../support/memory-sink.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';
import { coSigned, sealedBeside, sealedInside, timestamped } from '../support/sealed-foreign.ts';
import { testIdentity } from '../support/signer.ts';
import { mbrDisk, smallIso } from '../support/small-images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testAuthority } from '../support/timestamp-authority.ts';

const asked = process.env['DISKSEAL_SWEEP'];
const inCi = Boolean(process.env['CI']) && process.env['CI'] !== 'false';
/** Prime to all sizes of structures, so that the sample falls on every one of their fields. */
const SAMPLE = 61;
const strideOf = (subject: string): number => (asked === 'full' || (inCi && asked === undefined && subject === 'a DMG') ? 1 : SAMPLE);
const SWEEP = fileURLToPath(new URL('sweep.mjs', import.meta.url));
if (asked !== 'full') console.warn(`sweep: only every ${SAMPLE}th byte is flipped, but in CI of a DMG; DISKSEAL_SWEEP=full flips all`);

const app = tree('Hello', [
  folder('Hello.app', [
    folder('Contents', [
      file('Info.plist', '<?xml version="1.0"?><plist version="1.0"><dict/></plist>'),
      folder('MacOS', [file('hello', '#!/bin/sh\necho hello\n', { mode: 0o755 })]),
      folder('Resources', [file('caf\u00e9.txt', 'un caf\u00e9\n')]),
    ]),
  ]),
  symlink('Applications', '/Applications'),
]);

interface Swept {
  readonly codes: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

/** What is swept; a detached seal is swept as well as its image. */
interface Subject {
  readonly image: Uint8Array;
  readonly seal?: Uint8Array;
  /** Certificates of those who are trusted. */
  readonly trusted: readonly Uint8Array[];
  /** Of the timestamp authority's root. */
  readonly authority?: Uint8Array;
  readonly policy?: Partial<VerifyPolicy>;
}

async function dmg(): Promise<Subject> {
  const { signer, certificate } = await testIdentity();
  const sink = memorySink();
  const identity = { product: 'com.example.hello', version: '1.0', platform: 'any', arch: 'universal', channel: 'stable' };
  const seal = { signer, signingTime: NEW_YEAR };
  await buildDmg({ tree: app, identity, caseSensitive: false, created: NEW_YEAR, compressionLevel: 6, seal }, sink, {
    platform: testPlatform,
  });
  return { image: sink.bytes(), trusted: [certificate] };
}

// Each certifies himself: a path to look for would take most of the time.
const leaf = makeCertificate({ subject: 'O=Demo,CN=First', key: testKey('p256', 'first') });
const second = makeCertificate({ subject: 'O=Demo,CN=Second', key: testKey('p256', 'second') });

const SUBJECTS: Readonly<Record<string, () => Promise<Subject>>> = {
  'a DMG': dmg,
  'an ISO image with its seal in its padding': async () => ({
    image: await sealedInside(smallIso({ padding: 40, behind: new Uint8Array(700).fill(9) }), leaf),
    trusted: [leaf.bytes],
  }),
  'an ISO image that has grown': async () => ({
    image: await sealedInside(smallIso({ joliet: { name: 'file.txt', content: smallIso.content } }), leaf),
    trusted: [leaf.bytes],
  }),
  'a raw disk': async () => ({ image: await sealedInside(mbrDisk(4608), leaf), trusted: [leaf.bytes] }),
  'an image and its detached seal': async () => {
    const image = mbrDisk(4608);
    return { image, seal: await sealedBeside(image, leaf), trusted: [leaf.bytes] };
  },
  // Whoever is not asked for may be changed, so both signers are, and their timestamps too.
  'a DMG with two signatures and their timestamps': async () => {
    const authority = testAuthority();
    const { bytes } = await sealedImage(app, leaf);
    return {
      image: await timestamped(await coSigned(bytes, second), authority),
      trusted: [leaf.bytes, second.bytes],
      authority: authority.root.bytes,
      policy: { publishers: ['CN=First,O=Demo', 'CN=Second,O=Demo'], require: { count: 2 }, timestamp: 'required' },
    };
  },
};

for (const [name, made] of Object.entries(SUBJECTS)) {
  test(
    `${name}: every byte flipped, every length cut, bytes appended: refused`,
    async () => {
      const place = await temporaryFolder();
      const { image, seal, trusted, authority, policy = {} } = await made();
      expect(image.length).toBeLessThan(200 * 1024);
      const files = { image, seal, trusted: pem(trusted), authority: authority && pem([authority]), 'policy.json': JSON.stringify(policy) };
      for (const [file, content] of Object.entries(files)) if (content) await writeFile(join(place, file), content);

      const stride = strideOf(name);
      const processes = availableParallelism();
      const swept = await Promise.all(Array.from({ length: processes }, (_, share) => sweep(place, stride, share, processes)));
      expect(swept.flatMap(({ wrong }) => wrong)).toEqual([]);
      const codes: Record<string, number> = {};
      for (const share of swept) for (const [code, count] of Object.entries(share.codes)) codes[code] = (codes[code] ?? 0) + count;
      const tried = Object.values(codes).reduce((sum, count) => sum + count, 0);
      if (asked === 'full') console.warn(`sweep: ${name}: ${tried} mutants refused, by exit code ${JSON.stringify(codes)}`);
      const mutants = ({ length }: Uint8Array): number => Math.ceil(length / stride) + Math.ceil(length / 512) + 3;
      expect(tried).toBe(mutants(image) + (seal ? mutants(seal) : 0));
    },
    asked === undefined && !inCi ? 120_000 : 3_600_000,
  );
}

function pem(certificates: readonly Uint8Array[]): string {
  const block = (der: Uint8Array): string =>
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
  return certificates.map(block).join('');
}

async function sweep(place: string, stride: number, share: number, of: number): Promise<Swept> {
  const args = [SWEEP, place, String(stride), String(share), String(of)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 << 20 });
  return JSON.parse(stdout) as Swept;
}
