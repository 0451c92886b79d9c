/** The boot sector that a manifest names, read: code of somebody else's that becomes the first bytes of the image. */
import { lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { DisksealError } from '../core/errors.ts';
import { readError } from '../core/system-error.ts';
import { isInside, type Manifest } from './manifest.ts';
import { realFolder } from './sources.ts';

/** Bytes: code alone (isohdpfx.bin), or a whole sector with an empty partition table (boot_hybrid.img). */
const SMALLEST = 432;
const LARGEST = 512;

/** @param named - as the manifest has it @throws DisksealError `E_MANIFEST` with line and column, `E_READ` */
export async function readBootSector(named: string, { folder, allowOutside, source }: Manifest): Promise<Uint8Array> {
  const refused = (message: string, hint: string): DisksealError =>
    source.fault(`${named} ${message}`, source.place(['iso', 'bootSector']), hint);
  const path = resolve(folder, named);
  if (!allowOutside && !isInside(realFolder(folder), join(realFolder(dirname(path)), basename(path)))) {
    throw refused('lies outside the manifest’s folder', 'move it inside, or build with --allow-outside');
  }
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size < SMALLEST || stat.size > LARGEST) {
    const found = stat?.isFile() ? `has ${stat.size} bytes` : stat ? 'is no file' : 'is not there';
    throw refused(found, `a boot sector has ${SMALLEST} to ${LARGEST}: isohdpfx.bin of isolinux, boot_hybrid.img of GRUB`);
  }
  return readFile(path).catch((cause: unknown) => {
    throw readError(path, cause, 'the boot sector');
  });
}
