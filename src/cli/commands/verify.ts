/** `diskseal verify`: every check, then the verdict. */
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import { type ProvenSeal, proveDetachedSeal } from '../../verify/detached-seal.ts';
import { type PolicyReport, policyLines, reportPolicy } from '../../verify/policy-report.ts';
import { policiesOf } from '../../verify/signature.ts';
import type { Check } from '../../verify/verdict.ts';
import { type Verdict, type VerifyPolicy, verify } from '../../verify/verify.ts';
import type { Call } from '../command.ts';
import { parseByteCount } from '../images/byte-count.ts';
import { deviceSize } from '../images/device-size.ts';
import { type Input, openSeal } from '../images/input.ts';
import { openSource } from '../images/source.ts';
import { withPlatform } from '../platform.ts';
import { explanationOf } from '../policy/explanations.ts';
import { type PolicyInForce, policyFrom, type TrustOptions } from '../policy/policy.ts';
import { rememberVerdict } from '../policy/remember.ts';
import { errorDocument, reportError } from '../terminal/errors.ts';
import type { Output, Style } from '../terminal/output.ts';
import { refusal } from '../terminal/refusal.ts';

interface Options extends TrustOptions {
  readonly deep?: boolean;
  readonly quick?: boolean;
  readonly explain?: boolean;
  readonly remember?: boolean;
  readonly seal?: string;
  readonly size?: string;
  readonly copyTo?: string;
  readonly force?: boolean;
  readonly maxSize?: string;
  /** A second image, which must hold the same files; with its own seal when that stands beside it. */
  readonly sameContent?: string;
  readonly sameContentSeal?: string;
}

/** A verdict and what it is about. */
interface Judged {
  readonly verdict: Verdict;
  /** Every policy that was in force. */
  readonly policies: readonly PolicyReport[];
  /** Where the publisher was written down, with `--remember`. */
  readonly remembered?: string;
  /** The image's name as it may be shown. */
  readonly path: string;
  /** Bytes that came from a server; absent for a file. */
  readonly transferred?: number;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<number> {
  const [name] = given as [string];
  const whole = options.copyTo === undefined ? (options.remember ? '--remember' : undefined) : '--copy-to';
  if (options.quick && whole) throw new DisksealError('E_USAGE', `${whole} needs a full verification`, { hint: 'leave out --quick' });
  const size = options.size === undefined ? {} : { size: parseByteCount(options.size, '--size') };
  const common = await policyFrom(options);
  const policy = { ...common, ...size };
  if (options.sameContent !== undefined) return runPair(name, options.sameContent, options, [policy, common], output);
  if (options.sameContentSeal !== undefined) throw new DisksealError('E_USAGE', '--same-content-seal without --same-content');
  const judged = await withPlatform((platform) => judge(name, options, policy, output, platform));
  const { verdict, path } = judged;
  const error = verdict.code === undefined ? undefined : refusal(verdict).with({ path });
  if (output.json) await output.document(documentOf(judged, options, error && errorDocument(error)));
  else if (!output.quiet) await print(judged, options.explain ?? false, output);
  if (error) reportError(output, error);
  return verdict.exitCode;
}

/**
 * Two images, both verified in full and with their volumes read (rule 13 of the seal), then compared by the inventory that each states
 * of its content. @param policies - of the first and of the second
 */
async function runPair(
  first: string,
  second: string,
  options: Options,
  policies: readonly [PolicyInForce, PolicyInForce],
  output: Output,
): Promise<number> {
  refuseWithPair(second, options);
  const { sameContentSeal: seal, maxSize } = options;
  const images = await withPlatform(async (platform) => [
    await judge(first, { ...options, deep: true }, policies[0], output, platform),
    await judge(
      second,
      { deep: true, ...(seal === undefined ? {} : { seal }), ...(maxSize === undefined ? {} : { maxSize }) },
      policies[1],
      output,
      platform,
    ),
  ]);
  const errors = images.map(({ verdict, path }) => (verdict.code === undefined ? undefined : refusal(verdict).with({ path })));
  const sameContent = errors.some(Boolean) ? undefined : statesOneContent(images.map(({ verdict }) => verdict));
  const error = errors.find(Boolean) ?? (sameContent ? undefined : otherContent(second));
  const exitCode = error?.exitCode ?? 0;
  if (output.json) {
    const documents = images.map((image, index) => documentOf(image, {}, errors[index] && errorDocument(errors[index])));
    await output.document({
      exitCode,
      sameContent: sameContent ?? null,
      images: documents,
      ...(error ? { error: errorDocument(error) } : {}),
    });
  } else if (!output.quiet) {
    for (const image of images) await print(image, options.explain ?? false, output);
    if (sameContent) await output.line(output.paint('good', `${first} and ${second} hold the same files`));
  }
  if (error) reportError(output, error);
  return exitCode;
}

function refuseWithPair(second: string, { quick, copyTo, remember }: Options): void {
  const other = quick ? '--quick' : copyTo === undefined ? (remember ? '--remember' : undefined) : '--copy-to';
  if (other) throw new DisksealError('E_USAGE', `${other} is about one image, --same-content about two`, { hint: 'give one of them' });
  if (second === '-') throw new DisksealError('E_USAGE', 'a pipe can be the first image, not the second');
}

/** The digest is over the whole list: paths, types, modes, sizes, SHA-256 and targets. */
function statesOneContent([one, other]: readonly Verdict[]): boolean {
  const [content, same] = [one?.statement?.content, other?.statement?.content];
  return content !== undefined && content.digest === same?.digest;
}

function otherContent(path: string): DisksealError {
  return new DisksealError('E_TAMPERED', 'both images are as they were signed, and hold different files', {
    path,
    hint: 'they were not made from the same files, or are of different versions',
  });
}

async function judge(name: string, options: Options, policy: PolicyInForce, output: Output, platform: Platform): Promise<Judged> {
  const { deep = false, quick = false, copyTo, force, maxSize } = options;
  const seal = options.seal === undefined ? undefined : await openSeal(options.seal);
  try {
    // A pipe is judged while it runs only when what its chunks must be is proven before.
    const proven = seal && name === '-' ? await prove(seal, policy, platform) : undefined;
    const limit = maxSize === undefined ? undefined : parseByteCount(maxSize, '--max-size');
    const size = await deviceSize(options.size, seal?.disk);
    const source = await openSource(name, { copyTo, force, maxSize: limit, proven, size }, output);
    try {
      const verdict = await verify(source.disk, { ...policy, deep, quick, ...(seal ? { seal: seal.disk } : {}) }, platform);
      if (verdict.exitCode === 0) await source.publish();
      const policies = await Promise.all(policiesOf(policy).map((one) => reportPolicy(one, platform)));
      const remembered = options.remember && verdict.exitCode === 0 ? { remembered: await rememberVerdict(verdict, policy) } : {};
      const transferred = source.remote ? { transferred: source.transferred() } : {};
      return { verdict, policies, path: source.shown, ...remembered, ...transferred };
    } finally {
      await source.close();
    }
  } finally {
    await seal?.close();
  }
}

async function prove(seal: Input, policy: VerifyPolicy, platform: Platform): Promise<ProvenSeal> {
  try {
    return await proveDetachedSeal(seal.disk, policy, platform);
  } catch (error) {
    throw error instanceof DisksealError ? error.with({ path: seal.shown }) : error;
  }
}

function documentOf({ verdict, policies, remembered, path, transferred }: Judged, { copyTo }: Options, error: object | undefined): object {
  const { exitCode, checks, statement, signers, demonstration } = verdict;
  const verified = exitCode === 0;
  const copy = verified && copyTo !== undefined ? { copy: copyTo } : {};
  const bytes = transferred === undefined ? {} : { transferred };
  const facts = { image: path, exitCode, verified, demonstration, policies, checks, statement, signers };
  return { ...facts, ...(remembered === undefined ? {} : { remembered }), ...copy, ...bytes, ...(error ? { error } : {}) };
}

const LABELS: Record<Check['status'], readonly [string, Style]> = {
  ok: ['ok  ', 'good'],
  warning: ['warn', 'caution'],
  fail: ['fail', 'bad'],
  skipped: ['skip', 'dim'],
};

async function print({ verdict, policies, path, remembered }: Judged, explain: boolean, output: Output): Promise<void> {
  for (const line of explain ? policies.flatMap(policyLines) : []) await output.line(output.paint('dim', line));
  const width = Math.max(10, ...verdict.checks.map(({ name }) => name.length));
  for (const { name, status, message } of verdict.checks) {
    const [label, style] = LABELS[status];
    await output.line(`${output.paint(style, label)}  ${output.paint('strong', name.padEnd(width))}  ${output.paint('plain', message)}`);
    if (explain) await output.line(`${' '.repeat(width + 8)}${output.paint('dim', explanationOf(name))}`);
  }
  await output.line(output.paint(verdict.exitCode === 0 ? 'good' : 'plain', conclusion(path, verdict)));
  if (remembered !== undefined) output.note(`publisher and release are remembered in ${remembered}`);
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
