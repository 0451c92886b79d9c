/**
 * Transcripts: what each command says, word for word. `UPDATE_TRANSCRIPTS=1` writes them anew; a review reads the difference.
 * What differs from run to run (fingerprints, dates of certificates) or with the release of zlib (sizes, places) is replaced by its name.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { diskseal } from '../support/command-line.ts';
import { type SealedImage, sealedImage } from '../support/sealed-image.ts';

const FOLDER = new URL('transcripts/', import.meta.url);
const UPDATE = Boolean(process.env['UPDATE_TRANSCRIPTS']);

const TRANSCRIPTS: Record<string, readonly (readonly string[])[]> = {
  'verify.txt': [
    ['verify', 'Hello-1.0.0.dmg', '--trust', 'keys/publisher.cert.pem'],
    ['verify', 'Hello-1.0.0.dmg', '--trust', 'keys/publisher.cert.pem', '--deep', '--explain'],
    ['verify', 'Hello-1.0.0.dmg', '--trust', 'keys/publisher.cert.pem', '--quick'],
    ['verify', 'Hello-1.0.0.dmg', '--trust', 'keys/publisher.cert.pem', '--quiet'],
    ['verify', 'Hello-1.0.0.dmg', '--trust', 'keys/root.cert.pem'],
    ['verify', 'Hello-1.0.0.dmg', '--trust', 'keys/root.cert.pem', '--publisher', 'CN=Test Publisher'],
    ['verify', 'Hello-1.0.0.dmg', '--trust', 'keys/root.cert.pem', '--publisher', 'CN=Somebody Else'],
    ['verify', 'Hello-1.0.0.dmg'],
    ['verify', 'changed.dmg', '--trust', 'keys/publisher.cert.pem'],
    ['verify', 'cut.dmg', '--trust', 'keys/publisher.cert.pem'],
    ['verify', 'longer.dmg', '--trust', 'keys/publisher.cert.pem'],
    ['verify', 'installer.yaml'],
    ['verify', 'nowhere.dmg'],
  ],
  'read.txt': [
    ['ls', 'Hello-1.0.0.dmg', '--trust', 'keys/publisher.cert.pem'],
    ['ls', 'Hello-1.0.0.dmg', '-lR', '--trust', 'keys/publisher.cert.pem'],
    ['ls', 'Hello-1.0.0.dmg', 'Hello.app/Contents', '--json', '--trust', 'keys/publisher.cert.pem'],
    ['ls', 'Hello-1.0.0.dmg', 'Nothing', '--trust', 'keys/publisher.cert.pem'],
    ['ls', 'Hello-1.0.0.dmg'],
    ['ls', 'changed.dmg', '--insecure-skip-verify'],
    ['cat', 'Hello-1.0.0.dmg', 'Hello.app/Contents/run', '--trust', 'keys/publisher.cert.pem'],
    ['cat', 'Hello-1.0.0.dmg', 'Hello.app/Contents/run', '--json', '--trust', 'keys/publisher.cert.pem'],
    ['cat', 'Hello-1.0.0.dmg', 'Applications', '--trust', 'keys/publisher.cert.pem'],
    ['extract', 'Hello-1.0.0.dmg', '-o', 'out', '--trust', 'keys/publisher.cert.pem'],
    ['extract', 'Hello-1.0.0.dmg', '-o', 'out', '--trust', 'keys/publisher.cert.pem'],
    ['mount', 'Hello-1.0.0.dmg'],
    ['mount', 'changed.dmg', 'app', '--trust', 'keys/publisher.cert.pem'],
    ['mount', 'Hello-1.0.0.dmg', 'app', '--system', '--timeout', '60', '--trust', 'keys/publisher.cert.pem'],
    ['unmount', 'keys'],
    ['inspect', 'Hello-1.0.0.dmg'],
    ['inspect', 'installer.yaml'],
  ],
  'write.txt': [
    ['build'],
    ['build', '--force'],
    ['build', '--force', '--set', 'mtime=yesterday'],
    ['build', '--target', 'iso'],
    ['build', 'nowhere.yaml'],
    ['init', '--yes'],
    ['init', 'new', '--yes'],
    ['keys', 'new', 'others', '--name', 'Others', '--organization', 'Others Ltd'],
    ['keys', 'show', 'others/publisher.chain.pem'],
    ['keys', 'new', 'others'],
    ['keys', 'show', 'installer.yaml'],
  ],
};

let sealed: SealedImage;
beforeAll(async () => {
  sealed = await sealedImage();
  const image = await readFile(join(sealed.folder, sealed.image));
  const changed = Buffer.from(image);
  changed[100] ^= 1;
  await writeFile(join(sealed.folder, 'changed.dmg'), changed);
  await writeFile(join(sealed.folder, 'cut.dmg'), image.subarray(0, image.length - 5000));
  await writeFile(join(sealed.folder, 'longer.dmg'), Buffer.concat([image, Buffer.alloc(512)]));
});

/** Everything that another run would say otherwise. */
function steady(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'HEX')
    .replaceAll(/\b(?:\d{1,3}(?:,\d{3})+|\d{4,})\b(?!-)/g, 'N')
    .replaceAll(/\b[\d.]+ kB/g, 'N kB')
    .replaceAll(/\b20\d\d-\d\d-\d\d(?:T[\d:]+Z)?(?= to )|(?<= to )20\d\d-\d\d-\d\dT[\d:]+Z|(?<=until )20\d\d-\d\d-\d\d/g, 'DATE');
}

async function transcript(words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await diskseal(words, { cwd: sealed.folder });
  const shown = words.map((word) => (/[^\w./=-]/.test(word) ? `'${word}'` : word)).join(' ');
  const parts = [`$ diskseal ${shown}`, `exit ${code}`];
  if (stdout !== '') parts.push('--- stdout', stdout.replace(/\n$/, ''));
  if (stderr !== '') parts.push('--- stderr', stderr.replace(/\n$/, ''));
  return `${steady(parts.join('\n'))}\n`;
}

it.each(Object.keys(TRANSCRIPTS))('%s', async (name) => {
  const found: string[] = [];
  for (const words of TRANSCRIPTS[name]) found.push(await transcript(words));
  const text = found.join('\n');
  const file = new URL(name, FOLDER);
  if (UPDATE) {
    await mkdir(FOLDER, { recursive: true });
    await writeFile(file, text);
  }
  expect(existsSync(file), `${name} is missing: UPDATE_TRANSCRIPTS=1 writes it`).toBe(true);
  expect(text).toBe(await readFile(file, 'utf8'));
});
