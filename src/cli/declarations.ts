/**
 * Every command as data: arguments, options, help, exit codes, and where its code is.
 * The code is imported only when the command runs, so that `--help` costs next to nothing.
 */
import { type CommandDeclaration, IMAGE, type OptionDeclaration, REFUSALS, TRUST } from './declaration.ts';
import { VERIFY } from './verify-declaration.ts';

const UNVERIFIED: OptionDeclaration = {
  flags: '--insecure-skip-verify',
  text: 'read the image although nobody vouches for it: what you get may have been made by anyone',
};

export const COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'init',
    arguments: [['[dir]', 'the folder to write it to, made when missing; this one when left out']],
    summary: 'write a first installer.yaml',
    options: [
      { flags: '-y, --yes', text: 'ask nothing, take the proposed values' },
      { flags: '-f, --force', text: 'replace an installer.yaml that is there' },
    ],
    exits: [0, 2, 3],
    examples: [
      ['diskseal init', 'ask for name, version and id, then write ./installer.yaml'],
      ['diskseal init my-app --yes', 'write my-app/installer.yaml without questions'],
    ],
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'build',
    threads: 2,
    arguments: [['[manifest]', 'the manifest, or its folder; ./installer.yaml when left out']],
    summary: 'build the images that a manifest describes, sealed when it says how to sign',
    about:
      'Paths in the manifest are relative to it, the outputs too. The same inputs give the same bytes: SOURCE_DATE_EPOCH, else the manifest\'s mtime, sets every time in the image. Without "sign" in the manifest the image is not sealed; build warns and exits 0.',
    options: [
      { flags: '-o, --output <file>', text: 'write here instead of where the manifest says (one target only)' },
      { flags: '--target <name>', text: 'build this target only; may be repeated', list: true },
      { flags: '--set <key=value>', text: 'replace a value of the manifest, as in --set version=2.1.0; may be repeated', list: true },
      {
        flags: '--timestamp <url>',
        text: "ask this RFC 3161 authority for a timestamp instead of the manifest's; repeated, each is tried until one answers",
        list: true,
      },
      { flags: '--env <name>', text: 'allow ${env.NAME} in the manifest; may be repeated', list: true },
      { flags: '-f, --force', text: 'replace outputs that are there' },
      { flags: '--allow-outside', text: "allow contents from outside the manifest's folder" },
    ],
    exits: [0, 1, 2, 3],
    examples: [
      ['diskseal build', 'build what ./installer.yaml describes'],
      ['diskseal build app/installer.yaml -o App.dmg --force', 'choose the output, replace it'],
      ['diskseal build --set version=2.1.1 --env BUILD_NUMBER', 'values from outside'],
    ],
    load: () => import('./commands/build.ts'),
  },
  { ...VERIFY, load: () => import('./commands/verify.ts') },
  {
    name: 'ls',
    arguments: [IMAGE, ['[path]', 'a folder or file in the image; the top when left out']],
    summary: 'list what is in an image, after verifying it',
    options: [
      { flags: '-l, --long', text: 'mode, owner, size and time as well' },
      { flags: '-R, --recursive', text: 'what is in folders as well' },
      ...TRUST,
      UNVERIFIED,
    ],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal ls App.dmg --trust publisher.cert.pem', 'the top of the volume'],
      ['diskseal ls App.dmg Docs -lR --trust publisher.cert.pem', 'everything below Docs, in detail'],
    ],
    load: () => import('./commands/ls.ts'),
  },
  {
    name: 'cat',
    arguments: [IMAGE, ['<path>', 'a file in the image']],
    summary: 'print a file of an image, after verifying it',
    about: 'With --json the content is in the document, as base64.',
    options: [...TRUST, UNVERIFIED],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [['diskseal cat App.dmg Docs/README.md --trust publisher.cert.pem', 'one file, on stdout']],
    load: () => import('./commands/cat.ts'),
  },
  {
    name: 'extract',
    arguments: [IMAGE, ['[paths...]', 'folders or files in the image; everything when left out']],
    summary: 'write the files of an image into a new folder, after verifying it',
    about:
      "The volume's files stand directly in the folder, which must be empty or not be there; it appears whole or not at all. Modes, links and modification times are kept; owners and creation times are not. Attributes are kept where the host can hold them; what was dropped is counted.",
    options: [
      { flags: '-o, --output <dir>', text: 'the folder to write to (required)' },
      { flags: '--apple-double', text: 'write Finder info, resource forks and attributes as ._ files beside their files' },
      { flags: '--special-modes', text: 'keep setuid, setgid and sticky bits, which are dropped otherwise' },
      ...TRUST,
      UNVERIFIED,
    ],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal extract App.dmg -o App --trust publisher.cert.pem', 'everything, into ./App'],
      ['diskseal extract App.dmg Docs -o App --trust publisher.cert.pem', 'App/Docs and what is in it'],
    ],
    load: () => import('./commands/extract.ts'),
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
    ],
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'keys',
    arguments: [],
    summary: 'make keys and certificates, or show what a file holds',
    options: [],
    exits: [],
    examples: [],
    commands: [
      {
        name: 'new',
        arguments: [['<dir>', 'the folder to write them to, made when missing']],
        summary: 'make a root certificate and a code-signing key under it',
        about:
          'Writes root.cert.pem, publisher.cert.pem, publisher.chain.pem and publisher.key.pem. Passphrases come from a variable, a private file or a prompt, never from an argument.',
        options: [
          { flags: '--name <text>', text: "the publisher's name in the certificate; the folder's name when left out" },
          { flags: '--organization <text>', text: 'the organization in the certificates' },
          { flags: '--algorithm <kind>', text: 'p256 (default), p384, rsa3072 or rsa4096' },
          { flags: '--days <number>', text: 'how long the signing certificate lives; 1095 when left out' },
          { flags: '--encrypt', text: 'encrypt publisher.key.pem with a passphrase' },
          { flags: '--passphrase-env <name>', text: 'the variable that holds that passphrase' },
          { flags: '--passphrase-file <file>', text: 'the file, readable by you only, that holds it' },
          { flags: '--keep-root', text: "keep the root's key, encrypted, to issue more certificates; it is thrown away otherwise" },
          { flags: '--root-passphrase-env <name>', text: "the variable that holds the root's passphrase" },
          { flags: '--root-passphrase-file <file>', text: 'the file, readable by you only, that holds it' },
          { flags: '-f, --force', text: 'replace keys that are there, for good' },
        ],
        exits: [0, 1, 2, 3],
        examples: [
          ['diskseal keys new my-keys --name "Example Ltd"', 'ready to use in "sign" of a manifest'],
          ['diskseal keys new my-keys --encrypt --keep-root', 'both private keys encrypted, passphrases asked for'],
        ],
        load: () => import('./commands/keys-new.ts'),
      },
      {
        name: 'show',
        arguments: [['<file>', 'PEM, DER or PKCS#12']],
        summary: 'show what keys and certificates a file holds, and whether they can sign',
        options: [
          { flags: '--passphrase-env <name>', text: 'the variable that holds the passphrase' },
          { flags: '--passphrase-file <file>', text: 'the file, readable by you only, that holds it' },
        ],
        exits: [0, 1, 2, 3],
        examples: [['diskseal keys show my-keys/publisher.cert.pem', 'its fingerprint is what --trust sha256: takes']],
        load: () => import('./commands/keys-show.ts'),
      },
    ],
  },
  {
    name: 'schema',
    arguments: [],
    summary: 'print the JSON Schema of installer.yaml',
    options: [],
    exits: [0, 1],
    examples: [['diskseal schema > installer.schema.json', 'for editors that complete and check YAML']],
    load: () => import('./commands/schema.ts'),
  },
];
