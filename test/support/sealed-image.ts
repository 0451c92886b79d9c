/** A small app with keys of its own, built into a sealed image by the command line itself. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskseal } from './command-line.ts';
import { folderOf } from './temporary-folder.ts';

export interface SealedImage {
  readonly folder: string;
  /** Relative to the folder, as the others. */
  readonly image: string;
  readonly publisher: string;
  readonly root: string;
  readonly manifest: string;
}

const MANIFEST = `name: Hello
version: 1.0.0
id: com.example.hello
mtime: 2026-01-01T00:00:00Z
contents:
  - { src: app, dst: Hello.app }
  - { type: link, target: /Applications, dst: Applications }
sign: { key: keys/publisher.key.pem, certificates: keys/publisher.chain.pem }
`;

export async function sealedImage(): Promise<SealedImage> {
  const folder = await folderOf({
    'installer.yaml': MANIFEST,
    'app/Contents/run': { text: '#!/bin/sh\necho hello\n', mode: 0o755 },
    'app/Contents/Resources/text.txt': 'some text\n'.repeat(20_000),
    'app/Contents/empty': '',
  });
  await must(['keys', 'new', 'keys', '--name', 'Test Publisher'], folder);
  await must(['build'], folder);
  return {
    folder,
    image: 'Hello-1.0.0.dmg',
    publisher: 'keys/publisher.cert.pem',
    root: 'keys/root.cert.pem',
    manifest: 'installer.yaml',
  };
}

async function must(words: readonly string[], cwd: string): Promise<void> {
  const { code, stderr } = await diskseal(words, { cwd });
  if (code !== 0) throw new Error(`diskseal ${words.join(' ')} exited with ${code}: ${stderr}`);
}

/** A folder that takes a while to build: so many megabytes of bytes that do not compress. */
export async function bulkyFolder(megabytes: number): Promise<string> {
  const folder = await folderOf({
    'installer.yaml': 'name: Bulky\nversion: 1\nmtime: 2026-01-01T00:00:00Z\ncontents:\n  - { src: app }\n',
  });
  await mkdir(join(folder, 'app'));
  const piece = new Uint8Array(1 << 20);
  for (let index = 0, state = 1; index < megabytes; index++) {
    for (let at = 0; at < piece.length; at++) piece[at] = (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;
    await writeFile(join(folder, 'app', `piece-${index}`), piece);
  }
  return folder;
}
