/** From a DMG to the volume in it, by 7-Zip: no code of this project stands between an image and its readers. */
import { createReadStream, createWriteStream, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from './tools.ts';

/** A volume laid bare. */
export interface Unpacked {
  /** The whole disk: partition map and volume; the volume alone when it has no map around it. */
  readonly disk: string;
  readonly volume: string;
  readonly hasMap: boolean;
}

/** @throws Error when 7-Zip finds anything wrong with the container */
export async function unpack(dmg: string, scratch: string): Promise<Unpacked> {
  const parts = join(scratch, 'parts');
  mkdirSync(parts, { recursive: true });
  const tested = run('7z', ['t', '-tdmg', '-bd', dmg]);
  const extracted = run('7z', ['x', '-tdmg', '-bd', '-y', `-o${parts}`, dmg]);
  for (const { status, stdout, stderr } of [tested, extracted]) {
    if (status !== 0 || /^(WARNING|ERROR)/m.test(stdout)) throw new Error(`7z says of ${dmg}: ${stdout}${stderr}`);
  }
  const names = readdirSync(parts).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  const disk = join(scratch, 'disk.img');
  for (const name of names) await pipeline(createReadStream(join(parts, name)), createWriteStream(disk, { flags: 'a' }));
  const volumes = names.filter((name) => /\.hfsx?$/.test(name));
  if (volumes.length !== 1) throw new Error(`7z finds ${volumes.length} volumes in ${dmg}: ${names.join(', ')}`);
  return { disk, volume: join(parts, volumes[0]), hasMap: names.length > 1 };
}
