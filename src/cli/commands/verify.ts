/** `diskseal verify`: every check, then the verdict. */
import { openFile } from '../../node/file-disk.ts';
import type { Check } from '../../verify/verdict.ts';
import { type Verdict, verify } from '../../verify/verify.ts';
import type { Call } from '../command.ts';
import { errorDocument, reportError } from '../errors.ts';
import { explanationOf } from '../explanations.ts';
import type { Output, Style } from '../output.ts';
import { withPlatform } from '../platform.ts';
import { refusal } from '../refusal.ts';
import { policyFrom, type TrustOptions } from '../trust.ts';

interface Options extends TrustOptions {
  readonly deep?: boolean;
  readonly quick?: boolean;
  readonly explain?: boolean;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<number> {
  const [path] = given as [string];
  const { deep = false, quick = false, explain = false } = options;
  const policy = await policyFrom(options);
  const verdict = await withPlatform(async (platform) => {
    const image = await openFile(path);
    try {
      return await verify(image, { ...policy, deep, quick }, platform);
    } finally {
      await image.close();
    }
  });
  const error = verdict.code === undefined ? undefined : refusal(verdict).with({ path });
  if (output.json) await output.document(documentOf(path, verdict, error && errorDocument(error)));
  else if (!output.quiet) await print(path, verdict, explain, output);
  if (error) reportError(output, error);
  return verdict.exitCode;
}

function documentOf(path: string, verdict: Verdict, error: object | undefined): object {
  const { exitCode, checks, statement, signers, demonstration } = verdict;
  return { image: path, exitCode, verified: exitCode === 0, demonstration, checks, statement, signers, ...(error ? { error } : {}) };
}

const LABELS: Record<Check['status'], readonly [string, Style]> = {
  ok: ['ok  ', 'good'],
  warning: ['warn', 'caution'],
  fail: ['fail', 'bad'],
  skipped: ['skip', 'dim'],
};

async function print(path: string, verdict: Verdict, explain: boolean, output: Output): Promise<void> {
  const width = Math.max(10, ...verdict.checks.map(({ name }) => name.length));
  for (const { name, status, message } of verdict.checks) {
    const [label, style] = LABELS[status];
    await output.line(`${output.paint(style, label)}  ${output.paint('strong', name.padEnd(width))}  ${output.paint('plain', message)}`);
    if (explain) await output.line(`${' '.repeat(width + 8)}${output.paint('dim', explanationOf(name))}`);
  }
  await output.line(output.paint(verdict.exitCode === 0 ? 'good' : 'plain', conclusion(path, verdict)));
}

function conclusion(path: string, { exitCode, checks, statement, signers, demonstration }: Verdict): string {
  const what = statement ? `${statement.product} ${statement.version}` : 'nothing that could be believed';
  if (exitCode === 12) return `${path}: the signature over ${what} is good, the content was not checked (exit 12)`;
  if (exitCode === 0) {
    const who = signers.filter(({ refusal }) => !refusal).map(({ certificate }) => certificate.subject);
    const label = demonstration ? ' (a demonstration key, which everybody has)' : '';
    return `${path} is ${what}, unaltered since ${who.join(' and ')} sealed it${label}`;
  }
  const intact = checks.some(({ name, status }) => name === 'content' && status === 'ok');
  const [first] = signers;
  if (!intact || !first) return `${path} is not verified (exit ${exitCode})`;
  return `${path} is unaltered since it was signed by the key spki:${first.certificate.spki}, and yet not verified (exit ${exitCode})`;
}
