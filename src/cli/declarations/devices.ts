/** Commands that copy whole disks: from a device into an image, and back. */
import { type CommandDeclaration, REFUSALS, SEAL, TRUST } from './declaration.ts';

export const DEVICES: readonly CommandDeclaration[] = [
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
