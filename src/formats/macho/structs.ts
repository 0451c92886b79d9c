/** Mach-O: what stands at the front of a program. Source: mach-o/loader.h, mach-o/fat.h and mach/machine.h of Apple's xnu and cctools. */
import { field, struct, u32be } from '../../core/struct.ts';

export const FAT_MAGIC = 0xcafebabe;
export const FAT_MAGIC_64 = 0xcafebabf;
export const MH_MAGIC = 0xfeedface;
export const MH_MAGIC_64 = 0xfeedfacf;

/** The front of a universal binary is big-endian whatever it holds. */
export const FatHeader = struct(
  { name: 'fat_header', size: 8, spec: 'mach-o/fat.h' },
  { magic: field(u32be), nfat_arch: field(u32be, 'architectures that follow') },
);

export const FatArch = struct(
  { name: 'fat_arch', size: 20, spec: 'mach-o/fat.h' },
  {
    cputype: field(u32be),
    cpusubtype: field(u32be),
    offset: field(u32be, 'bytes from the start of the file'),
    size: field(u32be, 'bytes'),
    align: field(u32be, 'power of two'),
  },
);

/** By cputype, then cpusubtype without its capability bits; the names are those of lipo. */
export const ARCHITECTURES: Readonly<Record<number, string | Readonly<Record<number, string>>>> = {
  7: 'i386',
  0x0100_0007: { 3: 'x86_64', 8: 'x86_64h' },
  0x0100_000c: { 0: 'arm64', 1: 'arm64', 2: 'arm64e' },
  12: 'arm',
  18: 'ppc',
  0x0100_0012: 'ppc64',
};

export const FILE_TYPES: Readonly<Record<number, string>> = {
  1: 'object',
  2: 'execute',
  5: 'core',
  6: 'dylib',
  7: 'dylinker',
  8: 'bundle',
  10: 'dsym',
  11: 'kext',
};

/** Load commands that are looked into. */
export const LC_CODE_SIGNATURE = 0x1d;
export const LC_BUILD_VERSION = 0x32;
/** Which system, by the command that says the least version of it. */
export const VERSION_MIN: Readonly<Record<number, string>> = { 0x24: 'macos', 0x25: 'ios', 0x2f: 'tvos', 0x30: 'watchos' };
export const PLATFORMS: Readonly<Record<number, string>> = {
  1: 'macos',
  2: 'ios',
  3: 'tvos',
  4: 'watchos',
  6: 'maccatalyst',
  11: 'visionos',
};
