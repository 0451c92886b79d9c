/**
 * Block devices of Linux: how large they are, which they are, and who uses them. Sources: the kernel's Documentation/ABI (sysfs-block)
 * and Documentation/filesystems/proc (mountinfo, swaps). Other systems have neither; their devices are refused by name.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
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
  /** What it calls itself: model and serial number, or the file behind a loop device. Empty when it says nothing. */
  readonly label: string;
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
  const own = await realpath(path);
  const folder = await folderOf(found.rdev);
  const size = Number(await attribute(folder, 'size')) * SECTOR;
  if (!Number.isSafeInteger(size)) throw new DisksealError('E_READ', 'the size of the device cannot be read', { path });
  const whole = await wholeDisk(folder);
  const uses = await usesOf(folder, whole);
  return {
    path: own,
    size,
    readOnly: (await attribute(folder, 'ro')) !== '0',
    uses: uses.map(({ words }) => words),
    changing: uses.some(({ changes }) => changes),
    label: await labelOf(whole),
  };
}

/** Where the kernel tells of a device: the link of its number, followed, so that the disk of a partition is the folder above. */
export async function folderOf(device: number): Promise<string> {
  const link = `/sys/dev/block/${deviceNumber(device)}`;
  return realpath(link).catch((error: unknown) => {
    throw readError(link, error);
  });
}

/** Linux's dev_t as the C library packs it: major and minor as sysfs and mountinfo write them. */
function deviceNumber(device: number): string {
  const value = BigInt(device);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & ~0xfffn);
  const minor = (value & 0xffn) | ((value >> 12n) & ~0xffn);
  return `${major}:${minor & 0xffff_ffffn}`;
}

export async function wholeDisk(folder: string): Promise<string> {
  return (await optional(`${folder}/partition`)) === undefined ? folder : dirname(folder);
}

async function attribute(folder: string, name: string): Promise<string> {
  const text = await readFile(`${folder}/${name}`, 'utf8').catch((error: unknown) => {
    throw readError(`${folder}/${name}`, error);
  });
  return text.trim();
}

export async function optional(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function labelOf(whole: string): Promise<string> {
  const names = [
    'device/vendor',
    'device/model',
    'device/serial',
    'wwid',
    'device/wwid',
    'serial',
    'dm/uuid',
    'md/uuid',
    'loop/backing_file',
  ];
  const found = await Promise.all(names.map((name) => optional(`${whole}/${name}`)));
  return found.filter(Boolean).join(' ');
}

interface Use {
  readonly words: string;
  readonly changes: boolean;
}

/** A disk is used through its partitions, and a partition through its disk, but not through the partitions beside it. */
async function usesOf(folder: string, whole: string): Promise<Use[]> {
  const below = folder === whole ? await partitions(folder) : [whole];
  const folders = [folder, ...below];
  const numbers = await Promise.all(folders.map((one) => attribute(one, 'dev')));
  const names = new Set(folders.map((one) => basename(one)));
  return [...(await mountsOf(new Set(numbers), names)), ...(await swapsOf(names)), ...(await holdersOf(folders))];
}

async function partitions(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(folder)) if (await optional(`${folder}/${name}/partition`)) found.push(`${folder}/${name}`);
  return found;
}

/** By number, and by name: btrfs and others mount under a number of their own and tell the device they came from. */
async function mountsOf(numbers: ReadonlySet<string>, names: ReadonlySet<string>): Promise<Use[]> {
  const lines = (await attribute('/proc/self', 'mountinfo')).split('\n');
  return lines.flatMap((line) => {
    const [mount = '', filesystem = ''] = line.split(' - ');
    const [, , number = '', , at = '', options = ''] = mount.split(' ');
    const [, source = '', superOptions = ''] = filesystem.split(' ');
    const isOurs = numbers.has(number) || (source.startsWith('/dev/') && names.has(basename(unescapeMount(source))));
    if (!isOurs) return [];
    const place = unescapeMount(at);
    const changes = ![options, superOptions].some((list) => list.split(',').includes('ro'));
    return { words: place === '/' ? 'it holds the root filesystem' : `mounted at ${place}`, changes };
  });
}

/** Blanks and the like stand in mountinfo as three octal digits. */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

async function swapsOf(names: ReadonlySet<string>): Promise<Use[]> {
  const lines = ((await optional('/proc/swaps')) ?? '').split('\n').slice(1);
  const paths = lines.map((line) => line.split(/\s/)[0] ?? '');
  return paths.filter((path) => names.has(basename(path))).map((path) => ({ words: `used for swapping (${path})`, changes: true }));
}

async function holdersOf(folders: readonly string[]): Promise<Use[]> {
  const lists = await Promise.all(folders.map((folder) => readdir(`${folder}/holders`).catch(() => [])));
  return lists.flat().map((name) => ({ words: `part of the device ${name}`, changes: true }));
}
