/** `diskseal sign`: seals an image that is finished, or adds a signature or a timestamp to the seal that it has. */
import { DisksealError } from '../../core/errors.ts';
import { openFile } from '../../node/file-disk.ts';
import { parseSignedData } from '../../pki/cms.ts';
import { readCms, type SealPlace } from '../../seal/area.ts';
import { detachedPlace, findSeal, hasSeal } from '../../seal/place.ts';
import { type Identity, parseStatement } from '../../seal/statement.ts';
import type { Call } from '../command.ts';
import { refuseTaken } from '../images/taken.ts';
import { withPlatform } from '../platform.ts';
import { readNextKeys } from '../signing/next-keys.ts';
import { revocationsOf } from '../signing/revocations.ts';
import { signAgain } from '../signing/sign-again.ts';
import { givenIdentity, type IdentityOptions, refuseOther, requireIdentity } from '../signing/sign-identity.ts';
import { type Signed, type SignJob, signingTime } from '../signing/sign-job.ts';
import { identityOf, sealBeside, sealForeign } from '../signing/sign-new.ts';
import { type OpenedSigner, openSigner } from '../signing/signer.ts';
import { withTimestamps } from '../signing/timestamps.ts';
import type { Output } from '../terminal/output.ts';
import { counted, printable } from '../terminal/printable.ts';

interface Options extends IdentityOptions {
  readonly key?: string;
  readonly certificates?: string;
  readonly passphraseEnv?: string;
  readonly passphraseFile?: string;
  readonly output?: string;
  readonly seal?: string;
  readonly detached?: boolean;
  readonly nextKey?: readonly string[];
  readonly timestamp?: readonly string[];
  readonly embedRevocation?: boolean;
  readonly force?: boolean;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [path] = given as [string];
  refuseContradictions(options);
  if (options.output !== undefined) await refuseTaken(options.output, options.force ?? false);
  const { key, certificates, passphraseEnv, passphraseFile } = options;
  const signer = key === undefined ? undefined : await openSigner({ key, certificates, passphraseEnv, passphraseFile });
  const signed = await withPlatform((platform) =>
    withTimestamps(options.timestamp ?? [], platform, async (timestamp) => {
      const revocations = signer && options.embedRevocation ? await revocationsOf(signer.signer, platform) : undefined;
      return signFile(path, options, { signer, timestamp, revocations, platform, output });
    }),
  );
  await report(path, signed, signer, options, output);
}

/** What cannot be meant is said before anything is read. */
function refuseContradictions({ key, certificates, seal, detached, timestamp, embedRevocation, nextKey }: Options): void {
  const fault = (message: string, hint: string): never => {
    throw new DisksealError('E_USAGE', message, { hint });
  };
  if (key === undefined && embedRevocation) fault('--embed-revocation without --key', 'it belongs to a new signature');
  if (key === undefined && certificates !== undefined) fault('--certificates without --key', 'name the private key with --key');
  if (key === undefined && !timestamp?.length) {
    fault(
      'it is not said who signs',
      '--key KEY --certificates FILE; without a key, --timestamp URL adds a timestamp to a seal that is there',
    );
  }
  if (seal !== undefined && detached) fault('--seal adds to a seal that is there, --detached makes a new one', 'give one of them');
  if (key === undefined && (detached || nextKey?.length)) fault('a new seal needs a key', 'name the private key with --key');
}

type Means = Pick<SignJob, 'signer' | 'timestamp' | 'revocations' | 'platform' | 'output'>;

async function signFile(path: string, options: Options, means: Means): Promise<Signed> {
  const image = await openFile(path);
  const seal = options.seal === undefined ? undefined : await openFile(options.seal);
  try {
    const job = { ...means, path, image, target: options.output, force: options.force ?? false };
    const place = seal ? await detachedPlace(image, seal) : (await hasSeal(image)) ? await findSeal(image) : undefined;
    return await signPlace(job, place, options);
  } catch (error) {
    throw error instanceof DisksealError ? error.with({ path }) : error;
  } finally {
    await seal?.close();
    await image.close();
  }
}

async function signPlace(job: SignJob, place: SealPlace | undefined, options: Options): Promise<Signed> {
  const given = givenIdentity(options);
  const detached = options.detached ?? false;
  if (place && !detached) {
    if (options.nextKey?.length) throw new DisksealError('E_USAGE', '--next-key belongs to a new statement, and this image has one');
    return signAgain(job, place, options.seal, (statement) => refuseOther(given, statement));
  }
  const { signer } = job;
  if (!signer) {
    throw new DisksealError('E_NO_SEAL', 'the image has no seal that a timestamp could be added to', { hint: '--key seals it' });
  }
  const nextKeys = await readNextKeys(options.nextKey ?? []);
  const asStated = place ? await statedIdentity(place) : {};
  const seal = { identity: requireIdentity({ ...asStated, ...given }), nextKeys, signingTime: signingTime() };
  return place ? sealBeside({ ...job, signer }, seal, place) : sealForeign({ ...job, signer }, seal, detached);
}

/** Both seals of an image must say the same; the verifier looks at both before the new one is published. */
async function statedIdentity({ area }: SealPlace): Promise<Identity> {
  return identityOf(parseStatement(parseSignedData(await readCms(area)).content));
}

async function report(image: string, signed: Signed, signer: OpenedSigner | undefined, options: Options, output: Output): Promise<void> {
  const { path, statement, signers, about, silence } = signed;
  const { placement, format, product, content } = statement;
  const warnings = [];
  if (silence !== undefined) warnings.push(`no list of files was signed, only the bytes of the image: ${silence}`);
  if (signer && !options.timestamp?.length) {
    const day = new Date(signer.notAfter * 1000).toISOString().slice(0, 10);
    warnings.push(`the signature has no timestamp: it can be verified until ${day}, when its certificate expires`);
  }
  if (signer?.demonstration && !product.startsWith('com.example.')) {
    warnings.push(`${product} is sealed with the example key, which everybody has: make your own with "diskseal keys new"`);
  }
  for (const warning of warnings) output.warning(warning);
  await output.document({ image, output: path, placement, format, about, signers, entries: content.entries, warnings, statement });
  await output.line(printable(path));
  output.note(`${about}; ${counted(content.entries, 'entry', 'entries')}, ${counted(signers, 'signature')}`);
  const beside = placement === 'detached' ? ` --seal ${path}` : '';
  if (signer) output.note(`check it with: diskseal verify ${placement === 'detached' ? image : path}${beside} --trust ${signer.trust}`);
}
