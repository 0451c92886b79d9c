/**
 * Hybrid ISO images of ours, started from by emulated computers with UEFI (edk2's OVMF) and BIOS (SeaBIOS), as a CD and as a disk, with
 * Debian's GRUB and isolinux; shown to partitioning tools, and to every reader of ISO images beside an image that xorriso made.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { FIRMWARE, startedFrom } from './starting.ts';
import { isCI, mayUse, run } from './tools.ts';

const SHARED = fileURLToPath(new URL('../../../shared/', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KEYS = fileURLToPath(new URL('../../keys.example/', import.meta.url));
const ISOLINUX = { loader: '/usr/lib/ISOLINUX/isolinux.bin', sector: '/usr/lib/ISOLINUX/isohdpfx.bin', core: 'ldlinux.c32' };
const MODULES = '/usr/lib/syslinux/modules/bios/';

const TOOLS = [
  { name: 'qemu', commands: ['qemu-system-x86_64'], packages: ['qemu-system-x86', 'ovmf'], files: [FIRMWARE] },
  { name: 'GRUB', commands: ['grub-mkimage'], packages: ['grub-common', 'grub-efi-amd64-bin'], files: ['/usr/lib/grub/x86_64-efi'] },
  { name: 'FAT', commands: ['mkfs.vfat', 'mmd', 'mcopy'], packages: ['dosfstools', 'mtools'], files: [] },
  {
    name: 'isolinux',
    commands: [],
    packages: ['isolinux', 'syslinux-common'],
    files: [ISOLINUX.loader, ISOLINUX.sector, MODULES + ISOLINUX.core],
  },
  { name: 'judges', commands: ['xorriso', 'sgdisk', 'isoinfo'], packages: ['xorriso', 'gdisk', 'genisoimage'], files: [] },
];
const isReady = TOOLS.map((tool) => mayUse(tool) && tool.files.every((file) => isThere(file))).every(Boolean);
if (!isReady) console.warn('interop: hybrid images are SKIPPED');

function isThere(path: string): boolean {
  if (existsSync(path)) return true;
  if (isCI) throw new Error(`${path} is not there`);
  console.warn(`${path} is not there`);
  return false;
}

function must(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = run(command, args);
  expect(status, `${command} ${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

let scratch = '';
/** The tree that is put into the images. */
let source = '';

/** What GRUB says, before it does anything else: from where it was started. */
const GRUB_SAYS = 'started-from $cmdpath';

function makeEfiImage(path: string): void {
  const [config, loader] = [join(scratch, 'grub.cfg'), join(scratch, 'BOOTX64.EFI')];
  writeFileSync(config, `serial --unit=0\nterminal_output serial\necho "${GRUB_SAYS}"\nsleep 3\n`);
  const modules = ['serial', 'terminal', 'echo', 'sleep', 'part_gpt', 'part_msdos', 'fat', 'iso9660'];
  must('grub-mkimage', ['-O', 'x86_64-efi', '-o', loader, '-p', '/EFI/BOOT', '-c', config, ...modules]);
  writeFileSync(path, '');
  truncateSync(path, 2880 * 512);
  must('mkfs.vfat', ['-i', '20260101', path]);
  must('mmd', ['-i', path, '::EFI', '::EFI/BOOT']);
  must('mcopy', ['-i', path, loader, '::EFI/BOOT/BOOTX64.EFI']);
}

function manifest(map: 'gpt' | 'mbr' | 'none'): string {
  return [
    'name: Starting\nversion: 1.0\nid: com.example.starting\nmtime: 2026-01-01\ntargets: [iso]',
    `iso:\n  hybrid: ${map}${map === 'none' ? '' : '\n  bootSector: isohdpfx.bin'}\n  boot:`,
    '    - { path: isolinux/isolinux.bin, platform: bios, infoTable: true }\n    - { path: efi.img, platform: uefi }',
    'contents: [{ src: in, dst: "." }]',
    `sign: { key: ${KEYS}publisher.key.pem, certificates: ${KEYS}publisher.chain.pem }\n`,
  ].join('\n');
}

function build(map: 'gpt' | 'mbr'): string {
  writeFileSync(join(scratch, `${map}.yaml`), manifest(map));
  const image = join(scratch, `${map}.iso`);
  must(process.execPath, [PROGRAM, 'build', join(scratch, `${map}.yaml`), '-o', image, '--force', '--quiet']);
  return image;
}

beforeAll(async () => {
  if (!isReady) return;
  scratch = await temporaryFolder();
  source = join(scratch, 'in');
  if (existsSync(`${SHARED}bench/make-app`)) must(`${SHARED}bench/make-app`, [source, 'small']);
  else console.warn('interop: ../shared is not there: hybrid images of a smaller tree');
  mkdirSync(join(source, 'isolinux'), { recursive: true });
  for (const path of [ISOLINUX.loader, MODULES + ISOLINUX.core]) must('cp', [path, join(source, 'isolinux')]);
  must('cp', [ISOLINUX.sector, scratch]);
  writeFileSync(join(source, 'isolinux/isolinux.cfg'), 'default none\nlabel none\n  localboot -1\n');
  makeEfiImage(join(source, 'efi.img'));
});

describe.runIf(isReady).each(['gpt', 'mbr'] as const)('%s', (map) => {
  let image = '';
  beforeAll(() => {
    image = build(map);
  });

  test('starts by UEFI and by BIOS, as a CD and as a disk', async () => {
    const grub = /started-from (.*)\/EFI\/BOOT/;
    const isolinux = /ISOLINUX [^\n]* (ETCD|EHDD)/;
    const said = await Promise.all([
      startedFrom(image, 'cd', 'uefi', grub),
      startedFrom(image, 'disk', 'uefi', grub),
      startedFrom(image, 'cd', 'bios', isolinux),
      startedFrom(image, 'disk', 'bios', isolinux),
    ]);
    const from = said.map((text, index) => (index < 2 ? grub : isolinux).exec(text)?.[1] ?? text);
    // OVMF finds El Torito on a disk as well, and before a master boot record.
    expect(from).toEqual(['(cd0)', map === 'gpt' ? '(hd0,gpt2)' : '(cd0)', 'ETCD', 'EHDD']);
  });

  test('the partitioning tools and xorriso see what was meant', () => {
    expect(must('sgdisk', ['-v', image])).toMatch(/No problems found/);
    expect(must('sfdisk', ['-d', image])).toContain(map === 'gpt' ? 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' : 'type=ef');
    const report = must('xorriso', ['-indev', image, '-report_system_area', 'plain', '-report_el_torito', 'plain']);
    expect(report).toMatch(map === 'gpt' ? /GPT partition path : +2 +\/efi\.img/ : /MBR partition path : +2 +\/efi\.img/);
    expect(report).toMatch(/El Torito img path : +2 +\/efi\.img/);
    expect(report).toMatch(/El Torito img opts : +1 +boot-info-table isohybrid-suitable/);
    expect(must('isoinfo', ['-J', '-f', '-i', image])).toContain('/efi.img');
  });

  test('what xorriso makes of the same tree starts from the same sector, and has the same files', () => {
    const theirs = join(scratch, `${map}-xorriso.iso`);
    const loaders = ['-c', 'boot.cat', '-b', 'isolinux/isolinux.bin', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'];
    const efi = ['-eltorito-alt-boot', '-e', 'efi.img', '-no-emul-boot', ...(map === 'gpt' ? ['-isohybrid-gpt-basdat'] : [])];
    must('xorriso', ['-as', 'mkisofs', '-J', '-R', '-o', theirs, '-isohybrid-mbr', ISOLINUX.sector, ...loaders, ...efi, source]);
    const [our, other] = [readFileSync(image), readFileSync(theirs)];
    expect(our.subarray(0, 432).equals(other.subarray(0, 432))).toBe(true);
    const markAt = (bytes: Buffer): number => Number(bytes.readBigUint64LE(432)) * 512 + 64;
    expect(our.readUInt32BE(markAt(our))).toBe(0xfbc0_7870);
    expect(other.readUInt32BE(markAt(other))).toBe(0xfbc0_7870);
    const names = (path: string): string[] =>
      must('isoinfo', ['-R', '-f', '-i', path])
        .split('\n')
        .filter((name) => name !== '/boot.cat')
        .sort();
    expect(names(image)).toEqual(names(theirs));
  });

  test('every reader of ISO images is content, and the verifier in every view', () => {
    must(process.execPath, [PROGRAM, 'verify', image, '--deep', '--trust', `${KEYS}publisher.cert.pem`]);
    if (!existsSync(`${SHARED}oracles`)) return console.warn('interop: ../shared/oracles is not there: no further reader is asked');
    // 7-Zip lists boot images a second time, in a folder of its own.
    const { status, stdout } = spawnSync(`${SHARED}oracles/check-image`, [image, '--seconds', '300', '--tolerate', '7z'], {
      encoding: 'utf8',
    });
    return expect(status, stdout).toBe(0);
  });
});
