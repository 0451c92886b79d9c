/**
 * The script for verifying: examples/verify-with-openssl.sh with certificates and names in it, so that both are one program.
 * What it leaves out stands at its head and in docs/verifiers.md.
 */
import { assert, DisksealError } from '../../core/errors.ts';
import { writePem } from '../../pki/pem.ts';
import type { KnownAnchor, VerifierFacts } from './verifier-facts.ts';

/** These, and what lies between them, are lines of the recipe. */
const BEGIN = '# --- whom to believe: empty means that the command line says it ---\n';
const END = '# --- end of what "diskseal verifier" fills in ---\n';

/**
 * @param recipe - the text of examples/verify-with-openssl.sh
 * @throws DisksealError `E_USAGE` for what openssl cannot be asked
 */
export function verifierScript(recipe: string, { anchors, timestampAnchors, publishers, products }: VerifierFacts): string {
  if (timestampAnchors.length > 0)
    throw usage('a script checks no timestamps', 'leave out --timestamp-trust, or write a page: -o verify.html');
  const begin = recipe.indexOf(BEGIN);
  const end = recipe.indexOf(END);
  assert(begin >= 0 && end > begin, 'the recipe has no place for certificates');
  const values = [
    `roots=${quoted(anchors.map(pemOf).join(''))}`,
    `publishers=${quoted(publishers.map(asOpensslWrites).join('\n'))}`,
    `products=${quoted(products.join('\n'))}`,
  ];
  return `${recipe.slice(0, begin)}# --- whom to believe, as "diskseal verifier" was told ---\n${values.join('\n')}\n${recipe.slice(end)}`;
}

function pemOf({ certificate }: KnownAnchor): string {
  if (!certificate) throw usage('a script needs the certificates themselves', 'name a file of PEM with --trust, and no fingerprint');
  return writePem('CERTIFICATE', certificate.bytes);
}

/** A subject is written alike by openssl where all its characters show and its attributes have names that both know. */
const ALIKE = /^(?:(?:^|[,+])(?:CN|L|ST|O|OU|C|DC|UID|SN|GN|title|serialNumber|emailAddress)=(?:\\[ "#+,;<=>\\]|[^\p{Cc},+\\"<>;])+)+$/u;

function asOpensslWrites(publisher: string): string {
  if (/^(?:sha256|spki):/.test(publisher) || ALIKE.test(publisher)) return publisher;
  throw usage(`openssl writes this subject in another way: ${publisher}`, 'name the publisher by spki:HEX or sha256:HEX');
}

/** One word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function usage(message: string, hint: string): DisksealError {
  return new DisksealError('E_USAGE', message, { hint });
}
