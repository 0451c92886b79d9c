/**
 * The policy in force: flags, `--policy FILE` and the system's own, of which each must be met; and what is remembered. No policy is
 * looked for in the current folder or beside the image: whoever can put a file there would decide whom to believe.
 */
import { dirname, resolve } from 'node:path';
import { DisksealError } from '../../core/errors.ts';
import { DEMONSTRATION_KEYS } from '../../trust/demonstration.ts';
import type { PinRule } from '../../trust/pins.ts';
import { type PolicySource, policyFromDocument } from '../../trust/policy-file.ts';
import { policiesInForce } from '../../trust/policy-sources.ts';
import { RELEASED } from '../../trust/release-date.ts';
import type { VerifyPolicy } from '../../verify/verify.ts';
import { type Host, thisHost } from '../host.ts';
import { memoryFile, readMemory } from './known-publishers.ts';
import { type PolicyFlags, sourceOfFlags } from './policy-flags.ts';
import { readProtected } from './protected-file.ts';

export interface TrustOptions extends PolicyFlags {
  readonly policy?: string;
}

export interface PolicyInForce extends VerifyPolicy {
  /** Where publishers are remembered; absent when there is no such place. */
  readonly memoryFile?: string | undefined;
  /** What `--remember` holds a new publisher to. */
  readonly pin: PinRule;
}

/**
 * @throws DisksealError `E_USAGE`, `E_POLICY`, `E_STATE`; `E_NOT_FOUND`, `E_READ` and `E_KEY` for a file that cannot be used
 */
export async function policyFrom(options: TrustOptions, host: Host = thisHost()): Promise<PolicyInForce> {
  const flags = await sourceOfFlags(options);
  const file = options.policy === undefined ? [] : [await sourceOfFile(options.policy, host)];
  const system = await systemSources(host);
  const sources = [...(flags ? [flags] : []), ...file, ...system];
  const [first, ...further] = policiesInForce(sources);
  // The system's word counts most here: only one file can be written to.
  const stated = [...system, ...file].find(({ state }) => state !== undefined)?.state;
  const place = stated ?? memoryFile(host);
  return {
    ...first,
    further,
    now: Math.floor(host.now / 1000),
    notEarlierThan: RELEASED,
    demonstrationKeys: DEMONSTRATION_KEYS,
    memoryFile: place,
    memory: place === undefined ? undefined : await readMemory(place, host),
    pin: [...system, ...file].find(({ pin }) => pin !== undefined)?.pin ?? 'key',
  };
}

async function sourceOfFile(path: string, host: Host, rootOnly = host.user === 0): Promise<PolicySource> {
  const read = (file: string): Promise<Uint8Array> => readProtected(file, { rootOnly, code: 'E_POLICY' });
  const folder = dirname(resolve(path));
  const bytes = await read(path);
  // YAML is wanted here alone, and the library is large.
  const { readPolicyText } = await import('./policy-text.ts');
  const document = readPolicyText(textOf(bytes, path), path);
  try {
    const source = await policyFromDocument(document, path, (name) => read(resolve(folder, name)));
    return source.state === undefined ? source : { ...source, state: resolve(folder, source.state) };
  } catch (error) {
    throw error instanceof DisksealError ? error.with({ path }) : error;
  }
}

function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DisksealError('E_POLICY', 'the policy is not UTF-8', { path, cause });
  }
}

/** Both spellings count when both are there. One that cannot be read is no permission to go without. */
async function systemSources(host: Host): Promise<PolicySource[]> {
  const sources: PolicySource[] = [];
  for (const path of host.systemPolicies) {
    try {
      sources.push(await sourceOfFile(path, host, true));
    } catch (error) {
      if (!(error instanceof DisksealError && error.code === 'E_NOT_FOUND' && error.path === path)) throw error;
    }
  }
  return sources;
}
