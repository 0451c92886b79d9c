/** The policy in force: flags, files and the system's; rule 17 of the seal, attacks 55 and 56. */
import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../src/cli/host.ts';
import { type PolicyInForce, policyFrom, type TrustOptions } from '../../src/cli/policy/policy.ts';
import { readPolicyText } from '../../src/cli/policy/policy-text.ts';
import type { DisksealError } from '../../src/core/errors.ts';
import { writePem } from '../../src/pki/pem.ts';
import { EMPTY_MEMORY } from '../../src/trust/pins.ts';
import { RELEASED } from '../../src/trust/release-date.ts';
import { NOW, testChain } from '../support/certificates.ts';
import { makeList } from '../support/revocations.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const { root, leaf } = testChain();
const isRoot = process.geteuid?.() === 0;
let folder: string;
let cwd: string;
const user = process.geteuid?.();
const host = (more: Partial<Host> = {}): Host => ({ now: NOW * 1000, user, environment: {}, systemPolicies: [], ...more });
const load = (options: TrustOptions, more?: Partial<Host>): Promise<PolicyInForce> => policyFrom(options, host(more));
const put = async (name: string, content: string | Uint8Array, mode = 0o644): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
};

beforeEach(async () => {
  folder = await temporaryFolder();
  cwd = process.cwd();
  await put('root.pem', writePem('CERTIFICATE', root.bytes));
  await put('leaf.pem', writePem('CERTIFICATE', leaf.bytes));
  await put('list.crl', makeList({ issuer: root }));
});
afterEach(() => process.chdir(cwd));

describe('flags', () => {
  test('as a policy', async () => {
    const policy = await load({
      trust: [join(folder, 'root.pem')],
      publisher: ['CN=A', 'CN=B'],
      require: '2',
      timestampTrust: [join(folder, 'leaf.pem')],
      timestamp: 'required',
      revocation: 'hard',
      revocationData: [join(folder, 'list.crl')],
      product: ['com.example.hello'],
      channel: ['stable'],
      platform: ['macos'],
      arch: ['arm64'],
      minVersion: '1.10',
      minBuild: '7',
    });
    expect(policy).toMatchObject({
      name: 'flags',
      publishers: ['CN=A', 'CN=B'],
      require: { count: 2 },
      timestamp: 'required',
      revocation: 'hard',
      products: ['com.example.hello'],
      minVersion: '1.10',
      minBuild: 7,
      now: NOW,
      notEarlierThan: RELEASED,
      further: [],
      memory: EMPTY_MEMORY,
    });
    expect(policy.evidence?.crls).toHaveLength(1);
  });

  test('none at all: nobody is believed', async () => {
    expect(await load({})).toMatchObject({ anchors: [], publishers: [], further: [] });
  });

  test.each<[TrustOptions, RegExp]>([
    [{ minBuild: 'x' }, /^--min-build must be a whole number/],
    [{ minBuild: '-1' }, /^--min-build/],
    [{ minVersion: 'new' }, /^--min-version must be a version/],
    [{ require: '0' }, /^--require/],
    [{ require: '3', publisher: ['CN=A', 'CN=A'] }, /^--require asks for 3 publishers, and 1/],
    [{ timestamp: 'maybe' }, /^--timestamp must be required/],
    [{ revocation: 'hrad' }, /^--revocation must be hard/],
    [{ product: ['Hello'] }, /^--product must be a product id/],
    [{ platform: ['Mac OS'] }, /^--platform/],
    [{ publisher: ['Example Ltd'] }, /names no publisher/],
    [{ trust: ['sha256:abc'] }, /^--trust sha256:abc is not a SHA-256 fingerprint/],
    [{ timestampTrust: ['sha256:abc'] }, /^--timestamp-trust/],
  ])('%j is a mistake of usage', async (options, message) => {
    await expect(load(options)).rejects.toMatchObject({ code: 'E_USAGE', message: expect.stringMatching(message) as string });
  });

  test('a file of another kind is the user’s mistake', async () => {
    await expect(load({ revocationData: [join(folder, 'root.pem')] })).rejects.toMatchObject({ code: 'E_KEY' });
    await expect(load({ trust: [join(folder, 'list.crl')] })).rejects.toMatchObject({ code: 'E_KEY' });
    await expect(load({ revocationData: [join(folder, 'missing')] })).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });
});

describe('policy files', () => {
  const POLICY = `# whom we believe
trust: root.pem
publishers:
  example: { subject: "CN=Demo Publisher,O=Demo", issuer: "CN=Demo Root,O=Demo" }
minVersion: 1.10      # stays a text
minBuild: 7
revocationData: [list.crl]
pin: subject
state: known.json
`;

  test('in YAML, with files that lie beside them', async () => {
    const policy = await load({ policy: await put('policy.yaml', POLICY) });
    expect(policy).toMatchObject({ minVersion: '1.10', minBuild: 7, pin: 'subject', memoryFile: join(folder, 'known.json') });
    expect(policy.anchors).toHaveLength(1);
    expect(policy.name).toBe(join(folder, 'policy.yaml'));
  });

  test('in JSON', async () => {
    const policy = await load({ policy: await put('policy.json', '{"trust": ["root.pem"], "publishers": "*", "minBuild": 7}') });
    expect(policy).toMatchObject({ publishers: '*', minBuild: 7 });
  });

  test('rule 17: flags beside a file are both in force', async () => {
    const policy = await load({
      policy: await put('policy.yaml', POLICY),
      publisher: ['*'],
      timestamp: 'ignore',
      product: ['com.example.hello'],
    });
    expect(policy).toMatchObject({ name: 'flags', publishers: ['*'], products: ['com.example.hello'] });
    expect(policy.anchors).toHaveLength(1);
    expect(policy.further).toMatchObject([{ publishers: [{ name: 'example' }], minBuild: 7 }]);
  });

  test.each([
    ['turst: root.pem\n', 1, 1, 'turst is not known', 'did you mean "trust"?'],
    ['trust: root.pem\nrevocation: hrad\n', 2, 13, 'revocation must be hard, soft or off', 'did you mean "hard"?'],
    ['publishers:\n  a:\n    subject: CN=A\n', 3, 5, 'publishers.a lacks "issuer", which goes with "subject"', undefined],
    ['publishers:\n  a: { spki: [abc] }\n', 2, 15, 'publishers.a.spki[0] must be spki: and 64 hexadecimal digits', undefined],
    ['trust: a\ntrust: b\n', 2, 1, 'Map keys must be unique', undefined],
    ['trust: [a\n', 2, 1, 'Flow sequence', undefined],
    ['trust: &a x\ntimestampTrust: *a\n', 2, 17, 'aliases are not used in a policy', undefined],
    ['? [a]\n: b\n', 1, 1, 'a key must be a plain text', undefined],
    ['trust: !!binary eA==\n', 1, undefined, 'trust must be a PEM file', undefined],
    ['minBuild: 1e3\n', 1, 11, 'minBuild must be a whole number', undefined],
    ['minBuild: "7"\n', 1, 11, 'minBuild must be a whole number', undefined],
    ['- a\n', 1, 1, 'the policy must have members', undefined],
    ['', undefined, undefined, 'the policy must have members', undefined],
    [`${'['.repeat(30)}${']'.repeat(30)}\n`, 1, 10, 'the policy is nested more than 8 deep', undefined],
  ])('%j: line, column and what was meant', (text, line, column, message, hint) => {
    let error: DisksealError | undefined;
    try {
      readPolicyText(text, 'policy.yaml');
    } catch (caught) {
      error = caught as DisksealError;
    }
    expect(error).toMatchObject({ code: 'E_POLICY', path: 'policy.yaml', ...(line === undefined ? {} : { line }) });
    if (column !== undefined) expect(error).toMatchObject({ column });
    if (hint !== undefined) expect(error).toMatchObject({ hint });
    expect(error!.message).toContain(message);
  });

  test('one that is missing, a folder, not UTF-8, or names what is not there', async () => {
    await expect(load({ policy: join(folder, 'none.yaml') })).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    await expect(load({ policy: folder })).rejects.toMatchObject({ path: folder });
    await expect(load({ policy: await put('bytes.yaml', Uint8Array.of(0xff, 0xfe)) })).rejects.toMatchObject({ code: 'E_POLICY' });
    await expect(load({ policy: await put('lost.yaml', 'trust: lost.pem\n') })).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
      path: join(folder, 'lost.pem'),
    });
  });
});

describe('rule 17: the system’s policy', () => {
  const system = async (text: string): Promise<Partial<Host>> => ({
    systemPolicies: [await put('system.yaml', text), join(folder, 'none.json')],
  });

  // It must be root's: only root can make one.
  test.skipIf(!isRoot)('is in force whatever the flags say', async () => {
    const policy = await load({ publisher: ['*'], timestamp: 'ignore' }, await system('trust: root.pem\ntimestamp: required\n'));
    expect(policy).toMatchObject({ timestamp: 'ignore', further: [{ timestamp: 'required' }] });
    const alone = await load({}, await system('trust: root.pem\ntimestamp: required\n'));
    expect(alone).toMatchObject({ timestamp: 'required', further: [] });
  });

  test.skipIf(!isRoot)('decides where publishers are remembered', async () => {
    const file = await put('policy.yaml', 'state: user.json\npin: subject\n');
    const policy = await load({ policy: file }, await system('state: system.json\npin: key\n'));
    expect(policy).toMatchObject({ memoryFile: join(folder, 'system.json'), pin: 'key' });
  });

  test('one with a mistake stops everything: it is no permission to go without', async () => {
    await expect(load({}, await system('turst: root.pem\n'))).rejects.toMatchObject({ code: 'E_POLICY' });
  });

  test('one that others can write is refused, for everybody', async () => {
    const paths = [await put('system.yaml', 'trust: root.pem\n', 0o666)];
    await expect(load({}, { systemPolicies: paths })).rejects.toMatchObject({
      code: 'E_POLICY',
      message: 'others than root can change the file',
    });
  });
});

describe('rule 17: root reads only what root alone can change', () => {
  const asRoot = { user: 0 };

  test('not a policy, nor a file that it names, that others can write', async () => {
    const open = await put('open.yaml', 'trust: root.pem\n', 0o664);
    await expect(load({ policy: open }, asRoot)).rejects.toMatchObject({ code: 'E_POLICY', path: open });
    await put('open.pem', writePem('CERTIFICATE', root.bytes), 0o666);
    const policy = await put('policy.yaml', 'trust: open.pem\n');
    await expect(load({ policy }, asRoot)).rejects.toMatchObject({ code: 'E_POLICY' });
    // For others that is their own affair.
    if (!isRoot) expect((await load({ policy }, { user: user! })).anchors).toHaveLength(1);
    else expect((await load({ policy }, { user: 1000 })).anchors).toHaveLength(1);
  });

  test.skipIf(!isRoot)('not what belongs to somebody else', async () => {
    const policy = await put('policy.yaml', 'trust: root.pem\n');
    expect((await load({ policy }, asRoot)).anchors).toHaveLength(1);
    await chown(policy, 1000, 1000);
    await expect(load({ policy }, asRoot)).rejects.toMatchObject({ code: 'E_POLICY' });
  });
});

describe('attacks 55 and 56: nothing is looked for', () => {
  test('not in the current folder, not in HOME, not in the environment', async () => {
    for (const name of [
      'policy.yaml',
      'policy.json',
      'diskseal.yaml',
      '.diskseal.yaml',
      'diskseal/policy.yaml',
      '.config/diskseal/policy.yaml',
    ]) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await put(name, 'trust: root.pem\npublishers: "*"\n');
    }
    process.chdir(folder);
    const environment = {
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      DISKSEAL_POLICY: join(folder, 'policy.yaml'),
      SSL_CERT_FILE: join(folder, 'root.pem'),
    };
    expect(await load({}, { environment, user: 1000 })).toMatchObject({ anchors: [], timestampAnchors: [], further: [] });
  });
});

test('a FIFO or a device is no policy, and nobody waits for it', async () => {
  await symlink('/dev/zero', join(folder, 'zero.yaml'));
  await expect(load({ policy: join(folder, 'zero.yaml') })).rejects.toMatchObject({ code: 'E_POLICY', message: 'it is no file' });
});

describe('whatever a policy file holds', () => {
  const refusedOrRead = (text: string): void => {
    try {
      readPolicyText(text, 'policy.yaml');
    } catch (error) {
      expect(error).toMatchObject({ code: 'E_POLICY' });
    }
  };

  test('it is read or refused in words', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200, unit: 'binary' }), refusedOrRead), { numRuns: 300 });
    const line = fc.tuple(
      fc.constantFrom('trust', 'publishers', 'require', '- a', '  of', '"', '{', '&a', '*a', '!!map', '<<', '?'),
      fc.string(),
    );
    const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.map(([key, value]) => `${key}: ${value}`).join('\n'));
    fc.assert(fc.property(text, refusedOrRead), { numRuns: 500 });
    fc.assert(fc.property(fc.json(), refusedOrRead), { numRuns: 300 });
  });
});
