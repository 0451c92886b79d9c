/** `diskseal verifier`: a page or a script that checks one publisher's images, for people without diskseal. */
import { readFile } from 'node:fs/promises';
import { DisksealError } from '../../core/errors.ts';
import { readError } from '../../core/system-error.ts';
import { createOutput } from '../../node/output-file.ts';
import type { Call } from '../command.ts';
import { refuseTaken } from '../images/taken.ts';
import { withPlatform } from '../platform.ts';
import { printable } from '../terminal/printable.ts';
import { verifierPage } from '../verifiers/page.ts';
import { verifierScript } from '../verifiers/script.ts';
import { type VerifierFacts, type VerifierFlags, verifierFacts } from '../verifiers/verifier-facts.ts';

interface Options extends VerifierFlags {
  readonly output?: string;
  readonly force?: boolean;
}

export async function run({ options, output }: Call<Options>): Promise<void> {
  const { output: path = 'verify.html', force = false } = options;
  const kind = kindOf(path);
  const { facts, bytes } = await withPlatform(async (platform) => {
    const facts = await verifierFacts(options, platform);
    await refuseTaken(path, force);
    const text = kind === 'page' ? await verifierPage(await pageParts(), facts, platform) : verifierScript(await ofPackage(RECIPE), facts);
    return { facts, bytes: new TextEncoder().encode(text) };
  });
  await write(path, bytes, { force, executable: kind === 'script' });
  await output.document({ output: path, kind, bytes: bytes.length, ...told(facts) });
  await output.line(printable(path));
  output.note(
    kind === 'page'
      ? 'publish it somewhere else than the images: a page from where the image came from adds nothing when that place is broken into'
      : `run it as "sh ${printable(path)} [--seal SEAL] IMAGE"; get it to people by another way than the images`,
  );
}

function kindOf(path: string): 'page' | 'script' {
  if (/\.html?$/i.test(path)) return 'page';
  if (/\.sh$/i.test(path)) return 'script';
  throw new DisksealError('E_USAGE', 'the output is neither a page nor a script', { path, hint: 'name it verify.html or verify.sh' });
}

async function write(path: string, bytes: Uint8Array, options: { force: boolean; executable: boolean }): Promise<void> {
  const file = await createOutput(path, options);
  try {
    await file.write(bytes);
    await file.publish();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

function told({ anchors, timestampAnchors, publishers, products }: VerifierFacts): object {
  const described = (all: VerifierFacts['anchors']): object[] =>
    all.map(({ sha256, certificate }) => ({ sha256, ...(certificate ? { subject: certificate.subject } : {}) }));
  return { products, publishers, trust: described(anchors), timestampTrust: described(timestampAnchors) };
}

const RECIPE = 'examples/verify-with-openssl.sh';

async function pageParts() {
  const [template, style, program] = await Promise.all(
    ['templates/verifier.html', 'templates/verifier.css', 'dist/page/verifier-page.js'].map(ofPackage),
  );
  return { template: template!, style: style!, program: program! };
}

/** A file of this package, by its path in it. */
function ofPackage(name: string): Promise<string> {
  return readFile(new URL(`../../../${name}`, import.meta.url), 'utf8').catch((error: unknown) => {
    throw readError(name, error);
  });
}
