/** Commands beside the images: keys, and the forms of the files that people write. */
import { type CommandDeclaration } from './declaration.ts';

export const ABOUT: readonly CommandDeclaration[] = [
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
        load: () => import('../commands/keys-new.ts'),
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
        load: () => import('../commands/keys-show.ts'),
      },
    ],
  },
  {
    name: 'verifier',
    arguments: [],
    summary: "write a page or a script that checks your images, for people who don't have diskseal",
    about:
      'verify.html is one file that asks for nothing from any server: people open it and drop the image on it. verify.sh needs a POSIX shell and openssl 3. Both name the publisher and the product, or are not written. Publish them somewhere else than the images: what comes from where the image came from adds nothing when that place is broken into.',
    options: [
      {
        flags: '--trust <pem|sha256:hex>',
        text: "the certificate to trust: your root, or the publisher's own; may be repeated",
        list: true,
      },
      { flags: '--publisher <who>', text: 'the publisher: the whole subject, sha256:HEX or spki:HEX; may be repeated', list: true },
      { flags: '--product <id>', text: 'the product; may be repeated', list: true },
      { flags: '--name <text>', text: 'what people call the product; its id when left out' },
      {
        flags: '--timestamp-trust <pem|sha256:hex>',
        text: 'the root of a timestamp authority; may be repeated; for a page only',
        list: true,
      },
      { flags: '-o, --output <file>', text: 'a name that ends in .html or .sh; verify.html when left out' },
      { flags: '-f, --force', text: 'replace the file' },
    ],
    exits: [0, 1, 2, 3],
    examples: [
      ['diskseal verifier --trust root.pem --publisher "CN=Example Ltd,C=GB" --product com.example.app --name App', 'writes verify.html'],
      ['diskseal verifier --trust publisher.pem --publisher spki:9f86d0… --product com.example.app -o verify.sh', 'the script'],
    ],
    load: () => import('../commands/verifier.ts'),
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
    load: () => import('../commands/schema.ts'),
  },
];
