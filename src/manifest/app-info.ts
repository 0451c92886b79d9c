/**
 * What an app bundle says of itself, and whether it is one that would start. Source: Apple's "Information Property List" (names of the
 * keys) and "Bundle Programming Guide" (where things stand). A code signature is noticed and not judged.
 */
import { lstat, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Disk } from '../core/disk.ts';
import { DisksealError } from '../core/errors.ts';
import { isMachO, open as openMachO, type Slice } from '../formats/macho/open.ts';
import { readPlist } from '../formats/plist/read.ts';
import { isDict, type PlistDict } from '../formats/plist/value.ts';

/** Larger ones are not read. Bytes. */
const PLIST_LIMIT = 4 << 20;

export interface AppInfo {
  /** The bundle's folder. */
  readonly path: string;
  readonly name: string;
  /** CFBundleShortVersionString, else CFBundleVersion. */
  readonly version: string | undefined;
  /** CFBundleIdentifier as it is written. */
  readonly identifier: string | undefined;
  readonly executable: string | undefined;
  /** LSMinimumSystemVersion. */
  readonly minimumSystem: string | undefined;
  /** Path of the icon in the bundle, when it is there. */
  readonly icon: string | undefined;
  readonly signed: boolean;
}

/** @throws DisksealError `E_MANIFEST` when there is no Info.plist that can be read */
export async function readAppInfo(path: string): Promise<AppInfo> {
  const info = await readInfoPlist(join(path, 'Contents/Info.plist'));
  const text = (key: string): string | undefined => {
    const value = info.get(key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    path,
    name: text('CFBundleDisplayName') ?? text('CFBundleName') ?? basename(path, '.app'),
    version: text('CFBundleShortVersionString') ?? text('CFBundleVersion'),
    identifier: text('CFBundleIdentifier'),
    executable: text('CFBundleExecutable'),
    minimumSystem: text('LSMinimumSystemVersion'),
    icon: await iconOf(path, text('CFBundleIconFile')),
    signed: (await statOf(join(path, 'Contents/_CodeSignature/CodeResources'))) !== undefined,
  };
}

async function readInfoPlist(path: string): Promise<PlistDict> {
  const stat = await statOf(path);
  if (!stat?.isFile()) {
    throw new DisksealError('E_MANIFEST', 'an app has Contents/Info.plist, and this one has none', { hint: 'is it a bundle for the Mac?' });
  }
  if (stat.size > PLIST_LIMIT) throw new DisksealError('E_MANIFEST', `its Info.plist has more than ${PLIST_LIMIT} bytes`);
  try {
    const value = readPlist(new Uint8Array(await readFile(path)));
    if (isDict(value)) return value;
  } catch (cause) {
    if (!(cause instanceof DisksealError)) throw cause;
    throw new DisksealError('E_MANIFEST', `its Info.plist cannot be read: ${cause.message}`, { cause });
  }
  throw new DisksealError('E_MANIFEST', 'its Info.plist is not a dictionary');
}

/** The name may stand with or without its ending. */
async function iconOf(app: string, name: string | undefined): Promise<string | undefined> {
  if (name === undefined || name.includes('/')) return undefined;
  for (const path of [name, `${name}.icns`]) {
    if ((await statOf(join(app, 'Contents/Resources', path)))?.isFile()) return `Contents/Resources/${path}`;
  }
  return undefined;
}

async function statOf(path: string) {
  return lstat(path).catch(() => undefined);
}

/** What keeps an app from starting, or says another thing than is there. */
export interface AppFault {
  readonly message: string;
  readonly hint?: string;
}

/**
 * @param content - gives the bytes of a file; they are read at its front only
 * @param arch - what the manifest says it is for, as in `arm64`; `universal` for no particular one
 */
export async function appFaults(info: AppInfo, arch: string, content: (path: string) => Promise<Disk>): Promise<AppFault[]> {
  const { executable, identifier, version, path } = info;
  const missing: AppFault[] = Object.entries({ CFBundleExecutable: executable, CFBundleIdentifier: identifier, CFBundleVersion: version })
    .filter(([, value]) => value === undefined)
    .map(([key]) => ({ message: `its Info.plist has no ${key}` }));
  if (executable === undefined) return missing;
  if (executable.includes('/') || executable === '..')
    return [...missing, { message: `CFBundleExecutable is no file name: ${executable}` }];
  const program = join(path, 'Contents/MacOS', executable);
  const stat = await statOf(program);
  if (!stat?.isFile()) {
    return [...missing, { message: `CFBundleExecutable is ${executable}, and there is no file Contents/MacOS/${executable}` }];
  }
  // Windows has no execute bit; there the mode follows from what the file begins with.
  if (process.platform !== 'win32' && (stat.mode & 0o111) === 0) {
    missing.push({ message: `Contents/MacOS/${executable} is not executable`, hint: 'chmod +x' });
  }
  const disk = await content(program);
  if (!(await isMachO(disk))) return [...missing, ...(await scriptFaults(disk, executable))];
  try {
    return [...missing, ...programFaults(await openMachO(disk), info, arch)];
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    return [...missing, { message: `Contents/MacOS/${executable}: ${error.message}` }];
  }
}

async function scriptFaults(disk: Disk, executable: string): Promise<AppFault[]> {
  const start = await disk.read(0, Math.min(2, disk.size));
  if (start[0] === 0x23 && start[1] === 0x21) return [];
  return [{ message: `Contents/MacOS/${executable} is neither a program for the Mac nor a script` }];
}

function programFaults(slices: readonly Slice[], { minimumSystem, executable }: AppInfo, arch: string): AppFault[] {
  const faults: AppFault[] = [];
  const architectures = slices.map(({ architecture }) => architecture);
  const other = slices.find(({ fileType }) => fileType !== 'execute');
  if (other) faults.push({ message: `Contents/MacOS/${executable} is no program but a ${other.fileType}` });
  const wanted = { x64: 'x86_64', amd64: 'x86_64', aarch64: 'arm64' }[arch] ?? arch;
  if (/^(?:arm64|x86_64)$/.test(wanted) && !architectures.includes(wanted)) {
    faults.push({ message: `"arch" is ${arch}, and the program is for ${architectures.join(', ')}` });
  }
  const foreign = slices.find(({ platform }) => platform !== undefined && platform !== 'macos' && platform !== 'maccatalyst');
  if (foreign) faults.push({ message: `the program is for ${foreign.platform}, not for macOS` });
  // Of a universal program each half has its own least system: the Mac needs the lowest that any of them has.
  const lowest = slices
    .map((slice) => slice.minimumSystem)
    .reduce((a, b) => (a === undefined || b === undefined ? undefined : older(b, a) ? b : a));
  if (minimumSystem !== undefined && lowest !== undefined && older(minimumSystem, lowest)) {
    const hint = `set LSMinimumSystemVersion to ${lowest}, or build the program for ${minimumSystem}`;
    faults.push({ message: `Info.plist promises macOS ${minimumSystem}, and the program needs ${lowest}`, hint });
  }
  return faults;
}

/** Versions as numbers with dots. */
function older(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let place = 0; place < 3; place++) {
    const difference = (left![place] ?? 0) - (right![place] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
