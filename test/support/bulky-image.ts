/** A sealed image with so many megabytes that do not compress, and among them one file of 1 MiB; keys of its own. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskseal } from './command-line.ts';
import { folderOf } from './temporary-folder.ts';

export interface BulkyImage {
  readonly folder: string;
  /** Full paths, as the others. */
  readonly image: string;
  readonly publisher: string;
  /** What stands in the image at `Bulky/wanted`. */
  readonly wanted: Uint8Array;
  /** Flags that trust it. */
  readonly trust: readonly string[];
}

const MIB = 1 << 20;

export async function bulkyImage(megabytes: number): Promise<BulkyImage> {
  const wanted = new Uint8Array(randomBytes(MIB));
  const folder = await folderOf({
    'installer.yaml': `name: Bulky
version: 1.0.0
id: com.example.bulky
mtime: 2026-01-01T00:00:00Z
output: Bulky.dmg
dmg: { compression: { level: 1 } }
contents:
  - { src: app, dst: Bulky }
sign: { key: keys/publisher.key.pem, certificates: keys/publisher.chain.pem }
`,
    'app/wanted': wanted,
    'app/readme.txt': 'read me\n',
  });
  await mkdir(join(folder, 'app'), { recursive: true });
  for (const name of ['before', 'later']) await fill(join(folder, 'app', name), megabytes / 2);
  for (const words of [['keys', 'new', 'keys', '--name', 'Bulky Publisher'], ['build']]) {
    const { code, stderr } = await diskseal(words, { cwd: folder });
    if (code !== 0) throw new Error(`diskseal ${words.join(' ')} exited with ${code}: ${stderr}`);
  }
  const publisher = join(folder, 'keys/publisher.cert.pem');
  return { folder, image: join(folder, 'Bulky.dmg'), publisher, wanted, trust: ['--trust', publisher] };
}

/** The same megabyte again and again, numbered: farther back than zlib looks. */
async function fill(path: string, megabytes: number): Promise<void> {
  const piece = randomBytes(MIB);
  const handle = await open(path, 'w');
  for (let index = 0; index < megabytes; index++) {
    piece.writeUInt32BE(index);
    await handle.write(piece);
  }
  await handle.close();
}

export async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
