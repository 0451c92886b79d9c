/**
 * Every command as data: arguments, options, help, exit codes, and where its code is.
 * The code is imported only when the command runs, so that `--help` costs next to nothing.
 */
import { type CommandDeclaration, IMAGE, IMAGE_OR_URL, type OptionDeclaration, REFUSALS, SEAL, TRUST } from './declaration.ts';
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
      { flags: '--embed-revocation', text: "ask the signer's authorities whether its certificates are good, and embed their answers" },
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
  {
    name: 'sign',
    threads: 1,
    arguments: [['<image>', 'a disk image, or any file']],
    summary: 'seal an image that another tool made, or add a signature or timestamp to a seal',
    about:
      'The seal goes into a DMG, an ISO image or a disk with MBR or FAT where that changes nothing else; else it becomes a file beside the image, IMAGE.seal: for images with an Apple code signature, disks with GPT, bare HFS+ and APFS volumes, hybrid ISO images without free place, and what is not known. What was done is said. An image that is sealed already gets a further signature over the same statement or, without --key, a timestamp for the ones that it has. The file is replaced as a whole, or not at all.',
    options: [
      { flags: '--key <file>', text: 'the private key: PEM or PKCS#12' },
      { flags: '--certificates <file>', text: "the signer's certificate and its issuers; a PKCS#12 file brings its own" },
      { flags: '--passphrase-env <name>', text: 'the variable that holds the passphrase' },
      { flags: '--passphrase-file <file>', text: 'the file, readable by you only, that holds it' },
      { flags: '--id <id>', text: 'what the image is: a reverse domain name, as in com.example.hello' },
      { flags: '--product-version <text>', text: 'its version' },
      { flags: '--build-number <number>', text: 'a counter that orders versions' },
      { flags: '--platform <name>', text: 'any when left out' },
      { flags: '--arch <name>', text: 'universal when left out' },
      { flags: '--channel <name>', text: 'stable when left out' },
      { flags: '--next-key <file|spki:hex>', text: 'a key that may sign the next versions; may be repeated', list: true },
      { flags: '--timestamp <url>', text: 'an authority to ask for a timestamp; repeated ones are tried in order', list: true },
      { flags: '--embed-revocation', text: "ask the signer's authorities whether its certificates are good, and embed their answers" },
      { flags: '--detached', text: 'make a file beside the image in any case' },
      { flags: '--seal <file>', text: 'the detached seal to add a signature or timestamp to' },
      { flags: '-o, --output <file>', text: 'write here and leave the image, or the seal, as it is' },
      { flags: '-f, --force', text: 'replace an output that is there' },
    ],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal sign App.iso --key k.pem --certificates c.pem --id com.example.app --product-version 2.1', 'seal an ISO image in place'],
      ['diskseal sign App.dmg --key second.pem --certificates second.cert.pem', 'a second signature'],
      ['diskseal sign App.dmg --timestamp http://tsa.example/', 'a timestamp for the signatures that are there'],
    ],
    load: () => import('./commands/sign.ts'),
  },
  { ...VERIFY, load: () => import('./commands/verify.ts') },
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
    load: () => import('./commands/ls.ts'),
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
    load: () => import('./commands/cat.ts'),
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
    load: () => import('./commands/extract.ts'),
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
    load: () => import('./commands/get.ts'),
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
    summary: 'print the JSON Schema of installer.yaml, or of a policy',
    options: [{ flags: '--policy', text: 'of a policy file instead' }],
    exits: [0, 1],
    examples: [
      ['diskseal schema > installer.schema.json', 'for editors that complete and check YAML'],
      ['diskseal schema --policy > policy.schema.json', 'the same for policy files'],
    ],
    load: () => import('./commands/schema.ts'),
  },
];
