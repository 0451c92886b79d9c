/**
 * Block devices of Linux: how large they are and who uses them. Sources: the kernel's Documentation/ABI (sysfs-block) and
 * Documentation/filesystems/proc (mountinfo, swaps). Other systems have neither; their devices are refused by name.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { DisksealError } from '../core/errors.ts';
import { readError } from '../core/system-error.ts';

export interface BlockDevice {
  /** Without links, as in /dev/sda1. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly readOnly: boolean;
  /** Why nobody else should write to it, in words: where it or a part of it is mounted, swap, another device on top. */
  readonly uses: readonly string[];
  /** Whether one of the uses may change its bytes. */
  readonly changing: boolean;
}

/** Sizes in sysfs count sectors of this, whatever the device's own are. */
const SECTOR = 512;

/**
 * @returns nothing when the path is no block device
 * @throws DisksealError `E_NOT_FOUND`, `E_READ`; `E_UNSUPPORTED` for a device on another system than Linux
 */
export async function blockDevice(path: string): Promise<BlockDevice | undefined> {
  const found = await stat(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  if (!found.isBlockDevice()) return undefined;
  if (process.platform !== 'linux') {
    throw new DisksealError('E_UNSUPPORTED', 'devices can be read and written on Linux only', { path, hint: 'copy it to a file with dd' });
  }
  const number = deviceNumber(found.rdev);
  const folder = `/sys/dev/block/${number}`;
  const size = Number(await attribute(folder, 'size')) * SECTOR;
  if (!Number.isSafeInteger(size)) throw new DisksealError('E_READ', 'the size of the device cannot be read', { path });
  const parts = await partitions(folder);
  const mounts = await mountsOf(new Set([number, ...parts.map((part) => part.number)]));
  const uses = [
    ...mounts.map(({ at }) => `mounted at ${at}`),
    ...(await swapsOf(new Set([basename(await realpath(path)), ...parts.map(({ name }) => name)]))),
    ...(await holdersOf([folder, ...parts.map((part) => part.folder)])),
  ];
  const changing = uses.length > mounts.length || mounts.some(({ writable }) => writable);
  return { path: await realpath(path), size, readOnly: (await attribute(folder, 'ro')) !== '0', uses, changing };
}

/** Linux's dev_t as the C library packs it: major and minor as sysfs and mountinfo write them. */
function deviceNumber(device: number): string {
  const value = BigInt(device);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & ~0xfffn);
  const minor = (value & 0xffn) | ((value >> 12n) & ~0xffn);
  return `${major}:${minor & 0xffff_ffffn}`;
}

async function attribute(folder: string, name: string): Promise<string> {
  const text = await readFile(`${folder}/${name}`, 'utf8').catch((error: unknown) => {
    throw readError(`${folder}/${name}`, error);
  });
  return text.trim();
}

interface Part {
  readonly name: string;
  readonly folder: string;
  readonly number: string;
}

async function partitions(folder: string): Promise<Part[]> {
  const parts: Part[] = [];
  for (const name of await readdir(folder)) {
    const isPart = await stat(`${folder}/${name}/partition`).then(
      () => true,
      () => false,
    );
    if (isPart) parts.push({ name, folder: `${folder}/${name}`, number: await attribute(`${folder}/${name}`, 'dev') });
  }
  return parts;
}

async function mountsOf(numbers: ReadonlySet<string>): Promise<{ at: string; writable: boolean }[]> {
  const lines = (await attribute('/proc/self', 'mountinfo')).split('\n').map((line) => line.split(' '));
  const found = lines.filter(([, , number = '']) => numbers.has(number));
  return found.map(([, , , , at = '', options = '', ...rest]) => {
    const superOptions = rest.at(-1) ?? '';
    return { at: unescapeMount(at), writable: ![options, superOptions].some((list) => list.split(',').includes('ro')) };
  });
}

/** Blanks and the like stand in mountinfo as three octal digits. */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

async function swapsOf(names: ReadonlySet<string>): Promise<string[]> {
  const swaps = await readFile('/proc/swaps', 'utf8').catch(() => '');
  const paths = swaps
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s/)[0] ?? '');
  return paths.filter((path) => names.has(basename(path))).map((path) => `used for swapping (${path})`);
}

async function holdersOf(folders: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(folders.map((folder) => readdir(`${folder}/holders`).catch(() => [])));
  return lists.flat().map((name) => `part of the device ${name}`);
}
