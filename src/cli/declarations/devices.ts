/** Commands that copy whole disks: from a device into an image, and back. */
import { type CommandDeclaration, REFUSALS, SEAL, SIGNING, TRUST } from './declaration.ts';

export const DEVICES: readonly CommandDeclaration[] = [
  {
    name: 'capture',
    threads: 2,
    arguments: [
      ['<source>', 'a device, a disk file or a folder'],
      ['<out>', 'the image to make: .dmg, or .img and .raw for a raw disk'],
    ],
    summary: 'make an image of a device, a disk file or a folder, sealed when a key is named',
    about:
      'A disk is copied byte for byte. It is read once; what is read is kept in OUT.part, and after an interruption the same command goes on from there. Places that cannot be read end it with exit 3, and the next run tries them once more; with --bad-sectors zeros they become zeros, are listed in OUT.bad, and the image is sealed on the channel "incomplete". A folder becomes an HFS+ volume with all of its metadata that a volume can hold. Without --key the image is not sealed; capture warns and exits 0.',
    options: [
      { flags: '--format <name>', text: 'dmg or raw, whatever the name ends in' },
      { flags: '--bad-sectors <rule>', text: 'refuse (default) or zeros' },
      { flags: '--restart', text: 'throw away what an earlier try left' },
      ...SIGNING,
      { flags: '--detached', text: 'seal by a file beside the image in any case' },
      { flags: '-f, --force', text: 'replace outputs that are there' },
    ],
    exits: [0, 1, 2, 3, 20],
    examples: [
      ['diskseal capture /dev/sdb Stick.dmg', 'a stick, packed, not sealed'],
      ['diskseal capture disk.raw System.img --key k.pem --certificates c.pem --id com.example.system --product-version 3', 'sealed'],
      ['diskseal capture project Project.dmg', 'a folder, with owners, modes, times and links'],
    ],
    load: () => import('../commands/capture.ts'),
  },
  {
    name: 'restore',
    threads: 1,
    arguments: [
      ['<image>', 'the disk image'],
      ['<target>', 'the device to write to, or the file to make'],
    ],
    summary: 'write the disk in an image to a device or a file, after verifying it, and compare',
    about:
      'What a DMG, a raw or an ISO image holds is written byte for byte, zeros too, read back and compared. A device must be named twice, and one that is smaller, read-only, mounted or otherwise in use is refused. A file gets its name when it is whole. With --verify-only nothing is written: exit 21 when the target differs. Images sealed with the example key are refused.',
    options: [
      { flags: '--yes-erase <device>', text: 'the device again: everything on it is lost' },
      { flags: '--verify-only', text: 'compare the target with the image, and write nothing' },
      ...TRUST,
      ...SEAL,
      { flags: '-f, --force', text: 'replace a file that is there' },
    ],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal restore System.dmg /dev/sdb --yes-erase /dev/sdb --trust publisher.cert.pem', 'onto a stick'],
      ['diskseal restore System.dmg System.raw --trust publisher.cert.pem', 'a raw disk, as for a virtual machine'],
      ['diskseal restore System.dmg /dev/sdb --verify-only --trust publisher.cert.pem', 'is it what was written?'],
    ],
    load: () => import('../commands/restore.ts'),
  },
];
