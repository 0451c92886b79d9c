/** The trailer that makes a file a UDIF image: found, and every range in it held against the file. */
import type { Disk } from '../../../core/disk.ts';
import { DisksealError } from '../../../core/errors.ts';
import { KolyTrailer } from './structs.ts';

/** A property list of a million runs has 60 MB. */
const MAX_XML_BYTES = 64 << 20;
const MAX_SECTORS = 2 ** 43;

/** Whether the last 512 bytes are a UDIF trailer. Says nothing about the rest. */
export async function isUdif(disk: Disk): Promise<boolean> {
  return disk.size >= KolyTrailer.size && startsWith(await disk.read(disk.size - KolyTrailer.size, 4), 'koly');
}

/** Whether the image is encrypted as a whole: version 2 says so at its start, version 1 at its end. */
export async function isEncrypted(disk: Disk): Promise<boolean> {
  if (disk.size < 8) return false;
  return startsWith(await disk.read(0, 8), 'encrcdsa') || startsWith(await disk.read(disk.size - 8, 8), 'cdsaencr');
}

/** The trailer, with every range in it checked against the file. */
export async function readKoly(disk: Disk): Promise<KolyTrailer> {
  if (await isEncrypted(disk)) {
    throw new DisksealError('E_UNSUPPORTED', 'the image is encrypted', {
      offset: 0,
      hint: 'decrypt it on a Mac: hdiutil convert -format UDZO',
    });
  }
  const offset = Math.max(0, disk.size - KolyTrailer.size);
  if (!(await isUdif(disk))) {
    throw new DisksealError('E_UDIF', 'expected "koly" in the last 512 bytes', {
      offset,
      field: 'KolyTrailer.signature',
      hint: 'the file may be cut short: compare its size with the published one',
    });
  }
  const koly = KolyTrailer.read(await disk.read(offset, KolyTrailer.size), 0, offset);
  checkKoly(koly, offset);
  return koly;
}

function checkKoly(koly: KolyTrailer, end: number): void {
  const fail = (field: keyof KolyTrailer, message: string, code: 'E_UDIF' | 'E_UNSUPPORTED' = 'E_UDIF'): never => {
    throw new DisksealError(code, message, { offset: end, field: `KolyTrailer.${field}` });
  };
  if (koly.version !== 4) fail('version', `version ${koly.version} of UDIF`, 'E_UNSUPPORTED');
  if (koly.headerSize !== KolyTrailer.size) fail('headerSize', `a trailer of ${koly.headerSize} bytes`);
  if (koly.segmentCount > 1 || koly.runningDataForkOffset !== 0) fail('segmentCount', 'the image has several segments', 'E_UNSUPPORTED');
  if (koly.sectorCount > MAX_SECTORS) fail('sectorCount', `${koly.sectorCount} sectors`);
  const within = (field: keyof KolyTrailer, offset: number, length: number): void => {
    if (offset > end || length > end - offset) fail(field, `${length} bytes at ${offset} leave the file`);
  };
  within('dataForkOffset', koly.dataForkOffset, koly.dataForkLength);
  within('rsrcForkOffset', koly.rsrcForkOffset, koly.rsrcForkLength);
  within('codeSignatureOffset', koly.codeSignatureOffset, koly.codeSignatureLength);
  within('xmlOffset', koly.xmlOffset, koly.xmlLength);
  if (koly.xmlLength === 0) fail('xmlLength', 'the image has no property list', 'E_UNSUPPORTED');
  if (koly.xmlLength > MAX_XML_BYTES) fail('xmlLength', `a property list of ${koly.xmlLength} bytes`);
  if (koly.xmlOffset < koly.dataForkOffset + koly.dataForkLength && koly.dataForkOffset < koly.xmlOffset + koly.xmlLength) {
    fail('xmlOffset', 'the property list lies inside the data fork');
  }
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return String.fromCharCode(...bytes.subarray(0, text.length)) === text;
}
