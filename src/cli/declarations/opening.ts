/** Commands that look into images and take something out, most of them after verifying. */
import { type CommandDeclaration, IMAGE, IMAGE_OR_URL, type OptionDeclaration, REFUSALS, SEAL, TRUST } from './declaration.ts';

const UNVERIFIED: OptionDeclaration = {
  flags: '--insecure-skip-verify',
  text: 'read the image although nobody vouches for it: what you get may have been made by anyone',
};

export const OPENING: readonly CommandDeclaration[] = [
  {
    name: 'ls',
    arguments: [IMAGE_OR_URL, ['[path]', 'a folder or file in the image; the top when left out']],
    summary: 'list what is in an image, after verifying it',
    options: [
      { flags: '-l, --long', text: 'mode, owner, size and time as well' },
      { flags: '-R, --recursive', text: 'what is in folders as well' },
      ...TRUST,
      ...SEAL,
      UNVERIFIED,
    ],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal ls App.dmg --trust publisher.cert.pem', 'the top of the volume'],
      ['diskseal ls App.dmg Docs -lR --trust publisher.cert.pem', 'everything below Docs, in detail'],
    ],
    load: () => import('../commands/ls.ts'),
  },
  {
    name: 'cat',
    arguments: [IMAGE_OR_URL, ['<path>', 'a file in the image']],
    summary: 'print a file of an image, after verifying it',
    about:
      'With --json the content is in the document, as base64. Of an image on a server only the chunks of that file are read and checked.',
    options: [...TRUST, ...SEAL, UNVERIFIED],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal cat App.dmg Docs/README.md --trust publisher.cert.pem', 'one file, on stdout'],
      ['diskseal cat https://example.com/App.dmg Docs/README.md --trust publisher.cert.pem', 'without downloading the rest'],
    ],
    load: () => import('../commands/cat.ts'),
  },
  {
    name: 'extract',
    arguments: [IMAGE_OR_URL, ['[paths...]', 'folders or files in the image; everything when left out']],
    summary: 'write the files of an image into a new folder, after verifying it',
    about:
      "The volume's files stand directly in the folder, which must be empty or not be there; it appears whole or not at all. Modes, links and modification times are kept; owners and creation times are not. Attributes are kept where the host can hold them; what was dropped is counted.",
    options: [
      { flags: '-o, --output <dir>', text: 'the folder to write to (required)' },
      { flags: '--apple-double', text: 'write Finder info, resource forks and attributes as ._ files beside their files' },
      { flags: '--special-modes', text: 'keep setuid, setgid and sticky bits, which are dropped otherwise' },
      ...TRUST,
      ...SEAL,
      UNVERIFIED,
    ],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal extract App.dmg -o App --trust publisher.cert.pem', 'everything, into ./App'],
      ['diskseal extract App.dmg Docs -o App --trust publisher.cert.pem', 'App/Docs and what is in it'],
    ],
    load: () => import('../commands/extract.ts'),
  },
  {
    name: 'mount',
    arguments: [IMAGE_OR_URL, ['[dir]', 'an empty folder, or one to be made; named as the image when left out']],
    summary: 'show the files of an image in a folder, after verifying it; each read is checked',
    about:
      'Read-only, until "diskseal unmount", "umount" or a signal. What changes in the image file meanwhile cannot be read: such a read fails, with a line on stderr. On Linux by FUSE, which needs root or a user namespace (unshare -Urm); only who mounts sees the files, and owns them.',
    options: [
      { flags: '--foreground', text: 'stay until it is unmounted; by default a process in the background does' },
      { flags: '--timeout <seconds>', text: 'unmount when it was idle for so long' },
      { flags: '--system', text: "attach a verified private copy by the system's own mounter instead" },
      { flags: '--serve', text: '', hidden: true },
      ...TRUST,
      ...SEAL,
      UNVERIFIED,
    ],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal mount App.dmg app --trust publisher.cert.pem', './app shows the volume'],
      ['diskseal mount App.iso --timeout 600 --trust publisher.cert.pem', './App, for as long as it is used'],
    ],
    load: () => import('../commands/mount.ts'),
  },
  {
    name: 'unmount',
    arguments: [['<dir>', 'the folder that was mounted on']],
    summary: 'take a mounted image away again',
    options: [{ flags: '-f, --force', text: 'although files are open there, which then fail' }],
    exits: [0, 1, 2, 3],
    examples: [['diskseal unmount app', 'when nothing is open there']],
    load: () => import('../commands/unmount.ts'),
  },
  {
    name: 'get',
    threads: 1,
    arguments: [['<url>', 'where the image is: https: or http:']],
    summary: 'download an image that gets its name only when it is verified',
    about:
      "Signature, policy and the list of chunks are fetched from the end of the file and checked first; then each chunk is checked as it comes. What an interrupted download left in FILE.part is used as far as it is right. Proxies are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY. The name is the URL's last part, never what the server proposes. The downloaded file carries the system's mark of a download, where there is one.",
    options: [
      { flags: '-o, --output <file>', text: 'the name of the file' },
      ...TRUST,
      { flags: '--seal <file|url>', text: 'the seal that belongs to the image, when it is a file beside it' },
      { flags: '--max-size <bytes>', text: 'refuse a longer image, as in 700M or 2G; 64G when left out' },
      { flags: '-f, --force', text: 'replace a file that is there' },
    ],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal get https://example.com/App-2.1.dmg --trust publisher.cert.pem', './App-2.1.dmg, or nothing'],
      ['diskseal get https://example.com/dl?id=7 -o App.dmg --trust root.pem --publisher "CN=Example Ltd,C=GB"', 'choose the name'],
    ],
    load: () => import('../commands/get.ts'),
  },
  {
    name: 'inspect',
    arguments: [IMAGE],
    summary: 'show what an image consists of; trusts nothing and verifies nothing',
    options: [{ flags: '--raw', text: 'every structure field by field, and every byte that none of them names as a gap' }],
    exits: [0, 1, 2, 3, 20, 22],
    examples: [
      ['diskseal inspect App.dmg', 'container, partitions, volume, seal'],
      ['diskseal inspect App.dmg --raw | less', 'every field'],
      ['diskseal inspect .DS_Store', 'what the Finder remembers about a folder'],
    ],
    load: () => import('../commands/inspect.ts'),
  },
];
