/** `diskseal keys show`: what a file of keys and certificates holds. */
import { type CertificateReport, type PrivateKeyReport, showKeys } from '../../keys/show-keys.ts';
import type { Call } from '../command.ts';
import { passphraseSource } from '../signing/passphrase.ts';
import type { Output } from '../terminal/output.ts';

interface Options {
  readonly passphraseEnv?: string;
  readonly passphraseFile?: string;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [path] = given as [string];
  const passphrase = passphraseSource({ env: options.passphraseEnv, file: options.passphraseFile });
  const report = await showKeys(path, { passphrase, now: Math.floor(Date.now() / 1000) });
  await output.document(report);
  for (const one of report.holds) {
    for (const [label, text] of linesOf(one)) {
      await output.line(`${output.paint('strong', label.padEnd(12))} ${output.paint('plain', text)}`);
    }
  }
  if (report.holds.length === 0) warnEmpty(path, output);
}

function linesOf(one: CertificateReport | PrivateKeyReport): [string, string][] {
  const signs: [string, string] = ['signs', one.usable ? 'yes, seals can be signed with it' : `no: ${one.reason ?? 'it cannot be used'}`];
  if (one.kind === 'private key') return [['private key', one.key], ['', `spki:${one.spkiSha256}`], signs];
  return [
    ['certificate', one.subject],
    ['', `sha256:${one.sha256}`],
    ['', `spki:${one.spkiSha256}`],
    ['issuer', one.issuer],
    ['valid', `${one.notBefore} to ${one.notAfter}`],
    ['key', one.authority ? `${one.key}, of an authority` : one.key],
    ...(one.authority ? [] : [signs]),
  ];
}

function warnEmpty(path: string, output: Output): void {
  output.warning(`${path} holds neither keys nor certificates`);
}
