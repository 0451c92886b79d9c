/** `--id`, `--product-version` and what goes with them: what a publisher says an image is. */
import { DisksealError } from '../../core/errors.ts';
import { checkIdentity, type Identity, type Statement } from '../../seal/statement.ts';

export interface IdentityOptions {
  readonly id?: string;
  readonly productVersion?: string;
  readonly buildNumber?: string;
  readonly platform?: string;
  readonly arch?: string;
  readonly channel?: string;
}

const FLAGS: Record<keyof Identity, string> = {
  product: '--id',
  version: '--product-version',
  build: '--build-number',
  platform: '--platform',
  arch: '--arch',
  channel: '--channel',
};

/** What was said, member by member. @throws DisksealError `E_USAGE` */
export function givenIdentity({ id, productVersion, buildNumber, platform, arch, channel }: IdentityOptions): Partial<Identity> {
  if (buildNumber !== undefined && !(/^\d{1,16}$/.test(buildNumber) && Number.isSafeInteger(Number(buildNumber)))) {
    throw new DisksealError('E_USAGE', `--build-number ${buildNumber} is not a whole number`);
  }
  const given = { product: id, version: productVersion, build: buildNumber === undefined ? undefined : Number(buildNumber) };
  return Object.fromEntries(Object.entries({ ...given, platform, arch, channel }).filter(([, value]) => value !== undefined));
}

/** @throws DisksealError `E_USAGE` when the image is not named, or in a form that no statement can have */
export function requireIdentity(given: Partial<Identity>): Identity {
  const { product, version } = given;
  if (product === undefined || version === undefined) {
    throw new DisksealError(
      'E_USAGE',
      `it is not said what the image is: ${product === undefined ? '--id' : '--product-version'} is missing`,
      {
        hint: 'as in --id com.example.hello --product-version 2.1.0',
      },
    );
  }
  const identity = { platform: 'any', arch: 'universal', channel: 'stable', ...given, product, version };
  try {
    checkIdentity(identity);
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    const hint = 'an id is a reverse domain name in lower case; platform, arch and channel are short lower-case words';
    throw new DisksealError('E_USAGE', error.message.replace(/^.*malformed: /, 'this cannot be stated: '), { hint, cause: error });
  }
  return identity;
}

/** A statement is signed as it stands. @throws DisksealError `E_USAGE` when it says something else than was asked for */
export function refuseOther(given: Partial<Identity>, statement: Statement): void {
  for (const [name, flag] of Object.entries(FLAGS) as [keyof Identity, string][]) {
    if (given[name] === undefined || given[name] === statement[name]) continue;
    throw new DisksealError('E_USAGE', `${flag} says ${given[name]}, the image was sealed as ${statement[name] ?? 'one without'}`, {
      hint: 'a further signature is over the same statement: leave out what it says already',
    });
  }
}
