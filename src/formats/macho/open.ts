/**
 * Reads the headers and load commands of Mach-O files, thin and universal, of either byte order. Nothing else of a program is read.
 * Left out: what most load commands hold, static libraries, dyld's shared caches.
 */
import type { Disk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import {
  ARCHITECTURES,
  FAT_MAGIC,
  FAT_MAGIC_64,
  FatArch,
  FatHeader,
  FILE_TYPES,
  LC_BUILD_VERSION,
  LC_CODE_SIGNATURE,
  MH_MAGIC,
  MH_MAGIC_64,
  PLATFORMS,
  VERSION_MIN,
} from './structs.ts';

/** What a program is for one processor. */
export interface Slice {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly size: number;
  /** As lipo names it: `arm64`, `x86_64`; `cpu 99/1` for one without a name here. */
  readonly architecture: string;
  /** `execute`, `dylib`, `bundle`; `type 99` for one without a name here. */
  readonly fileType: string;
  /** `macos` and its least version, as in `11.0`, where a load command says so. */
  readonly platform: string | undefined;
  readonly minimumSystem: string | undefined;
  /** Whether there is a code signature; it is not looked at. */
  readonly signed: boolean;
}

/** No known program is universal for so many; Java classes share the magic, and have 45 and more at this place. */
const MAX_SLICES = 20;
/** Real ones have a few KiB. */
const MAX_COMMANDS_SIZE = 4 << 20;
const HEADER_SIZE = 32;

/** Whether a file begins as a program. Java classes do not. */
export async function isMachO(disk: Disk): Promise<boolean> {
  if (disk.size < HEADER_SIZE) return false;
  const { magic, nfat_arch } = FatHeader.read(await disk.read(0, FatHeader.size));
  return isFat(magic) ? nfat_arch < MAX_SLICES : byteOrder(magic) !== undefined;
}

/** @throws DisksealError `E_UNSUPPORTED` for what is no Mach-O file, or not a sound one */
export async function open(disk: Disk): Promise<readonly Slice[]> {
  if (disk.size < HEADER_SIZE) throw malformed('the file is too short', 0);
  const { magic, nfat_arch } = FatHeader.read(await disk.read(0, FatHeader.size));
  if (!isFat(magic)) return [await readSlice(disk, 0, disk.size)];
  if (nfat_arch === 0 || nfat_arch >= MAX_SLICES) throw malformed(`it is for ${nfat_arch} architectures`, 4);
  const places = await readPlaces(disk, nfat_arch, magic === FAT_MAGIC_64);
  const slices: Slice[] = [];
  for (const { offset, size } of places) slices.push(await readSlice(disk, offset, size));
  const twice = slices.find(({ architecture }, index) => slices.findIndex((other) => other.architecture === architecture) < index);
  if (twice) throw malformed(`it has ${twice.architecture} twice`, twice.offset);
  return slices;
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

async function readPlaces(disk: Disk, count: number, wide: boolean): Promise<Place[]> {
  const entrySize = wide ? 32 : FatArch.size;
  const end = FatHeader.size + count * entrySize;
  if (end > disk.size) throw malformed('its list of architectures is cut short', FatHeader.size);
  const bytes = await disk.read(FatHeader.size, end - FatHeader.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const places = Array.from({ length: count }, (_, index) => {
    const at = index * entrySize;
    if (!wide) return FatArch.read(bytes, at);
    return { offset: Number(view.getBigUint64(at + 8)), size: Number(view.getBigUint64(at + 16)) };
  });
  let free = end;
  for (const { offset, size } of places.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < free || size < HEADER_SIZE || size > disk.size - offset)
      throw malformed('its architectures overlap or leave the file', offset);
    free = offset + size;
  }
  return places;
}

async function readSlice(disk: Disk, offset: number, size: number): Promise<Slice> {
  const header = view(await disk.read(offset, HEADER_SIZE));
  const order = byteOrder(header.getUint32(0));
  if (!order) throw malformed('it does not begin as a program', offset);
  const { little, headerSize } = order;
  const word = (at: number): number => header.getUint32(at, little);
  const [count, length] = [word(16), word(20)];
  if (length > MAX_COMMANDS_SIZE || length > size - headerSize) throw malformed('its load commands leave the file', offset + 20);
  const commands = view(await disk.read(offset + headerSize, length));
  return {
    offset,
    size,
    architecture: architectureName(word(4), word(8) & 0x00ff_ffff),
    fileType: FILE_TYPES[word(12)] ?? `type ${word(12)}`,
    ...readCommands(commands, count, little, offset + headerSize),
  };
}

/** @param place - where the commands begin in the file */
function readCommands(commands: DataView, count: number, little: boolean, place: number) {
  let platform: string | undefined;
  let minimumSystem: string | undefined;
  let signed = false;
  let at = 0;
  for (let index = 0; index < count; index++) {
    const left = commands.byteLength - at;
    const size = left < 8 ? 0 : commands.getUint32(at + 4, little);
    if (size < 8 || size > left || size % 4 !== 0) throw malformed(`load command ${index} of ${count} has ${size} bytes`, place + at);
    const command = commands.getUint32(at, little);
    const version = versionIn(command, size);
    if (version !== undefined) {
      const system =
        command === LC_BUILD_VERSION ? (PLATFORMS[commands.getUint32(at + 8, little)] ?? 'another system') : VERSION_MIN[command];
      // Libraries of two systems name both; the Mac's is the one that is asked for.
      if (platform === undefined || system === 'macos')
        [platform, minimumSystem] = [system, versionText(commands.getUint32(at + version, little))];
    }
    signed ||= command === LC_CODE_SIGNATURE;
    at += size;
  }
  if (at !== commands.byteLength) throw malformed('its load commands do not end where they should', place + at);
  return { platform, minimumSystem, signed };
}

/** Where a command has the least version of the system; undefined: it is about something else. */
function versionIn(command: number, size: number): number | undefined {
  if (command === LC_BUILD_VERSION) return size >= 24 ? 12 : undefined;
  return Object.hasOwn(VERSION_MIN, command) && size >= 16 ? 8 : undefined;
}

/** Nibbles xxxx.yy.zz; a last zero is not said. */
function versionText(value: number): string {
  const patch = value & 0xff;
  return `${value >>> 16}.${(value >>> 8) & 0xff}${patch === 0 ? '' : `.${patch}`}`;
}

function architectureName(type: number, subtype: number): string {
  const known = Object.hasOwn(ARCHITECTURES, type) ? ARCHITECTURES[type]! : {};
  if (typeof known === 'string') return known;
  return Object.hasOwn(known, subtype) ? known[subtype]! : `cpu ${type}/${subtype}`;
}

function isFat(magic: number): boolean {
  return magic === FAT_MAGIC || magic === FAT_MAGIC_64;
}

/** @param magic - read big-endian */
function byteOrder(magic: number): { little: boolean; headerSize: number } | undefined {
  const swapped = ((magic >>> 24) | ((magic >>> 8) & 0xff00) | ((magic << 8) & 0xff_0000) | (magic << 24)) >>> 0;
  if (magic === MH_MAGIC || swapped === MH_MAGIC) return { little: swapped === MH_MAGIC, headerSize: 28 };
  if (magic === MH_MAGIC_64 || swapped === MH_MAGIC_64) return { little: swapped === MH_MAGIC_64, headerSize: 32 };
  return undefined;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_UNSUPPORTED', `not a sound Mach-O file: ${message}`, { offset });
}
