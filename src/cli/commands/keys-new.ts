/** `diskseal keys new`: a root and a code-signing key under it. */
import { basename, resolve } from 'node:path';
import { DisksealError } from '../../core/errors.ts';
import { KEY_KINDS, type KeyKind, makeKeys, type NewKeysReport } from '../../keys/new-keys.ts';
import type { Call } from '../command.ts';
import { newPassphrase } from '../signing/passphrase.ts';
import type { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';

interface Options {
  readonly name?: string;
  readonly organization?: string;
  readonly algorithm?: string;
  readonly days?: string;
  readonly encrypt?: boolean;
  readonly passphraseEnv?: string;
  readonly passphraseFile?: string;
  readonly keepRoot?: boolean;
  readonly rootPassphraseEnv?: string;
  readonly rootPassphraseFile?: string;
  readonly force?: boolean;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [folder] = given as [string];
  const { name = basename(resolve(folder)), organization, force = false } = options;
  const own = { env: options.passphraseEnv, file: options.passphraseFile };
  const root = { env: options.rootPassphraseEnv, file: options.rootPassphraseFile };
  const encrypts = options.encrypt || own.env !== undefined || own.file !== undefined;
  const keepsRoot = options.keepRoot || root.env !== undefined || root.file !== undefined;
  const report = await makeKeys(folder, {
    name,
    organization,
    algorithm: keyKind(options.algorithm),
    days: wholeNumber(options.days),
    passphrase: encrypts ? await newPassphrase(own, 'publisher.key.pem') : undefined,
    rootPassphrase: keepsRoot ? await newPassphrase(root, 'root.key.pem') : undefined,
    force,
    now: Math.floor(Date.now() / 1000),
  });
  await output.document(report);
  for (const path of report.files) await output.line(printable(path));
  explain(folder, report, output);
}

function explain(folder: string, { publisher, publisherKey, rootKey }: NewKeysReport, output: Output): void {
  output.note(`${publisher.subject}: ${publisher.key}, until ${publisher.notAfter.slice(0, 10)}, sha256:${publisher.sha256}`);
  output.note(`publisher.key.pem is ${publisherKey} and signs: keep it secret`);
  if (rootKey === 'thrown away')
    output.note("the root's key was thrown away, so nothing else can be issued under it (--keep-root keeps it)");
  output.note(`publish ${folder}/publisher.cert.pem where people find you: it is what they --trust`);
}

function keyKind(text: string | undefined): KeyKind | undefined {
  if (text === undefined) return undefined;
  const found = KEY_KINDS.find((kind) => kind === text);
  if (found) return found;
  throw new DisksealError('E_USAGE', `--algorithm ${text} is not known`, { hint: `it is one of ${KEY_KINDS.join(', ')}` });
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9]{1,6}$/.test(text)) return Number(text);
  throw new DisksealError('E_USAGE', `--days ${text} is not a number of days`);
}
