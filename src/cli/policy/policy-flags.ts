/** The flags of trust as a source of policy. What they say is held to the policy file's schema. */
import { readFile } from 'node:fs/promises';
import { DisksealError } from '../../core/errors.ts';
import { readError } from '../../core/system-error.ts';
import { type Anchor, parseAnchors, parseFingerprint } from '../../trust/anchor.ts';
import type { TimestampRule } from '../../trust/policy.ts';
import { policyFaults } from '../../trust/policy-document.ts';
import type { PolicySource } from '../../trust/policy-file.ts';
import { parsePublisher } from '../../trust/publisher.ts';
import type { RevocationMode } from '../../trust/revocation.ts';
import { parseEvidence, type RevocationEvidence } from '../../trust/revocation.ts';

export interface PolicyFlags {
  readonly trust?: readonly string[];
  readonly publisher?: readonly string[];
  readonly require?: string;
  readonly timestampTrust?: readonly string[];
  readonly timestamp?: string;
  readonly revocation?: string;
  readonly revocationData?: readonly string[];
  readonly product?: readonly string[];
  readonly channel?: readonly string[];
  readonly platform?: readonly string[];
  readonly arch?: readonly string[];
  readonly minVersion?: string;
  readonly minBuild?: string;
}

/** The member of a policy file that says the same. */
const MEMBERS = {
  products: '--product',
  channels: '--channel',
  platforms: '--platform',
  architectures: '--arch',
  minVersion: '--min-version',
  minBuild: '--min-build',
  timestamp: '--timestamp',
  revocation: '--revocation',
  require: '--require',
} as const;

/**
 * @returns undefined when no flag was given
 * @throws DisksealError `E_USAGE`; `E_NOT_FOUND`, `E_READ`, `E_KEY` for a file that cannot be used
 */
export async function sourceOfFlags(flags: PolicyFlags): Promise<PolicySource | undefined> {
  const document = documentOf(flags);
  // What cannot be meant is said before anything is read.
  refuseFaults(document, flags);
  for (const text of flags.publisher ?? []) parsePublisher(text);
  const anchors = await anchorsOf(flags.trust, '--trust');
  const timestampAnchors = await anchorsOf(flags.timestampTrust, '--timestamp-trust');
  const evidence = await evidenceOf(flags.revocationData);
  const { publisher: publishers } = flags;
  const source = { ...document, anchors, timestampAnchors, publishers, evidence };
  const given = Object.values(source).some((value) => value !== undefined);
  return given ? { ...source, name: 'flags' } : undefined;
}

interface FlagDocument
  extends Pick<PolicySource, 'products' | 'channels' | 'platforms' | 'architectures' | 'minVersion' | 'minBuild' | 'require'> {
  readonly timestamp?: TimestampRule | undefined;
  readonly revocation?: RevocationMode | undefined;
}

/** Whether the texts are good is for the schema to say. */
function documentOf(flags: PolicyFlags): FlagDocument {
  const count = numberOf(flags.require);
  return {
    products: flags.product,
    channels: flags.channel,
    platforms: flags.platform,
    architectures: flags.arch,
    minVersion: flags.minVersion,
    minBuild: numberOf(flags.minBuild),
    timestamp: flags.timestamp as TimestampRule | undefined,
    revocation: flags.revocation as RevocationMode | undefined,
    require: count === undefined ? undefined : { count },
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

function refuseFaults(document: FlagDocument, { publisher = [] }: PolicyFlags): void {
  const given = Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined));
  const [fault] = policyFaults(given);
  if (fault) {
    const flag = MEMBERS[fault.path[0] as keyof typeof MEMBERS];
    throw new DisksealError('E_USAGE', `${flag} ${fault.message}`, { hint: fault.hint });
  }
  const named = publisher.includes('*') ? 0 : new Set(publisher).size;
  const count = document.require?.count ?? 0;
  if (named > 0 && count > named) {
    throw new DisksealError('E_USAGE', `--require asks for ${count} publishers, and ${named} are named with --publisher`);
  }
}

async function anchorsOf(texts: readonly string[] | undefined, flag: string): Promise<Anchor[] | undefined> {
  if (texts === undefined) return undefined;
  const anchors: Anchor[] = [];
  for (const text of texts) anchors.push(...(await anchorOf(text, flag)));
  return anchors;
}

async function anchorOf(text: string, flag: string): Promise<Anchor[]> {
  const fingerprint = parseFingerprint(text);
  if (fingerprint) return [fingerprint];
  if (/^sha256:/i.test(text)) {
    throw new DisksealError('E_USAGE', `${flag} ${text} is not a SHA-256 fingerprint`, {
      hint: 'sha256: and 64 hexadecimal digits, in pairs with colons or without',
    });
  }
  const hint = 'name a certificate in PEM, or sha256:HEX';
  return usable(text, `${flag} names a file that holds no usable certificate`, hint, parseAnchors);
}

async function evidenceOf(paths: readonly string[] | undefined): Promise<RevocationEvidence | undefined> {
  if (paths === undefined) return undefined;
  const message = '--revocation-data names a file that is neither a CRL nor an OCSP response';
  const all: RevocationEvidence[] = [];
  for (const path of paths) all.push(await usable(path, message, 'name a CRL in PEM or DER, or an OCSP response in DER', parseEvidence));
  return { crls: all.flatMap(({ crls }) => crls), responses: all.flatMap(({ responses }) => responses) };
}

/** A file that the user names is the user's to mend, and says nothing about the image. */
async function usable<T>(path: string, message: string, hint: string, parse: (bytes: Uint8Array) => T): Promise<T> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  try {
    return parse(new Uint8Array(bytes));
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    throw new DisksealError('E_KEY', `${message}: ${error.message}`, { path, cause: error, hint });
  }
}
