/** What a command is declared with: arguments, options, exit codes, and where its code is. The one-file verifier reads the same. */
import type { CommandModule } from '../command.ts';

export interface OptionDeclaration {
  readonly flags: string;
  readonly text: string;
  /** Given several times, it is a list. */
  readonly list?: true;
  /** Kept for tests of bad input and the like: works, is not shown. */
  readonly hidden?: true;
}

export interface CommandDeclaration {
  readonly name: string;
  /** As commander writes them: `<image>`, `[paths...]`. */
  readonly arguments: readonly (readonly [name: string, text: string])[];
  readonly summary: string;
  /** What `--help` says beyond the summary. */
  readonly about?: string;
  readonly options: readonly OptionDeclaration[];
  readonly exits: readonly number[];
  readonly examples: readonly (readonly [command: string, text: string])[];
  /** Commands below this one, as in `keys new`. */
  readonly commands?: readonly CommandDeclaration[];
  /** Worker threads to start while the command's code is loaded. */
  readonly threads?: number;
  /** Absent where only the commands below do something. */
  load?(): Promise<CommandModule>;
}

export const EXITS: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'internal error',
  2: 'wrong usage, manifest, key, policy or state file',
  3: 'a file cannot be read or written, or is there already',
  10: 'there is no seal',
  12: 'signature good, content not checked (--quick)',
  20: 'the image is malformed, or has bytes that nothing accounts for',
  21: 'the content differs from what was signed',
  22: 'the seal is malformed',
  23: 'the signature is wrong',
  30: 'no path to a certificate that you trust',
  31: 'the signature is valid, but its publisher was not named',
  32: 'a certificate has expired or is not valid yet',
  33: 'a certificate was revoked, or that is not known and must be',
  34: 'the timestamp is invalid',
  35: 'an algorithm or key is too weak',
  40: 'another product, platform, channel or format than allowed',
  41: 'an older version than one seen before or asked for',
  42: 'a required co-signature is missing',
  50: 'an Apple signature is required or invalid',
};
export const REFUSALS = [10, 20, 21, 22, 23, 30, 31, 32, 33, 34, 35, 40, 41, 42, 50];

export const COMMON: readonly OptionDeclaration[] = [
  { flags: '--json', text: 'one JSON document on stdout, errors too' },
  { flags: '-q, --quiet', text: 'only results and errors' },
  { flags: '-v, --verbose', text: 'say more on stderr' },
];

export const TRUST: readonly OptionDeclaration[] = [
  {
    flags: '--trust <pem|sha256:hex>',
    text: "a certificate you trust, as a PEM file or by its SHA-256: the publisher's own, or a root (then name the --publisher); may be repeated",
    list: true,
  },
  {
    flags: '--publisher <who>',
    text: "the publisher you expect, under a root you trust: its whole subject, sha256:HEX, spki:HEX, or '*' for any; may be repeated",
    list: true,
  },
  { flags: '--policy <file>', text: 'a policy file, YAML or JSON, that must be met as well' },
  { flags: '--require <number>', text: 'how many of the publishers must have signed, each with a key of its own' },
  {
    flags: '--timestamp-trust <pem|sha256:hex>',
    text: 'the root of a timestamp authority that you trust; may be repeated',
    list: true,
  },
  { flags: '--timestamp <rule>', text: 'required, ifExpired (default) or ignore' },
  { flags: '--revocation <rule>', text: 'hard, soft (default) or off' },
  { flags: '--revocation-data <file>', text: 'a CRL or an OCSP response, beside those in the seal; may be repeated', list: true },
  { flags: '--product <id>', text: 'the product that you want; may be repeated', list: true },
  { flags: '--channel <name>', text: 'the channel that you want; may be repeated', list: true },
  { flags: '--platform <name>', text: 'the platform that you want; may be repeated', list: true },
  { flags: '--arch <name>', text: 'the architecture that you want; may be repeated', list: true },
  { flags: '--min-version <version>', text: 'the least version, by semver precedence' },
  { flags: '--min-build <number>', text: 'the least build number' },
];

/** Where the seal is, and where the image ends, when the image does not say it. */
export const SEAL: readonly OptionDeclaration[] = [
  { flags: '--seal <file>', text: 'the seal that came beside the image' },
  { flags: '--size <bytes>', text: 'how much is the image, on a device or in a longer file' },
];

export const IMAGE = ['<image>', 'the disk image'] as const;

/** Where only what is needed of it is read. */
export const IMAGE_OR_URL = ['<image>', 'the disk image: a file or a URL'] as const;

/** Who seals an image, and as what. */
export const SIGNING: readonly OptionDeclaration[] = [
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
];
