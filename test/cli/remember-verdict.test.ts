/** `--remember` decides by what is in the file when it is written, not by what was there when the image was judged. */
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { updateMemory } from '../../src/cli/policy/known-publishers.ts';
import type { PolicyInForce } from '../../src/cli/policy/policy.ts';
import { rememberVerdict } from '../../src/cli/policy/remember.ts';
import { type Experience, remember } from '../../src/trust/pins.ts';
import { releaseOf } from '../../src/verify/policy-checks.ts';
import { policyLines, reportPolicy } from '../../src/verify/policy-report.ts';
import { policiesOf } from '../../src/verify/signature.ts';
import type { Verdict } from '../../src/verify/verify.ts';
import { judge, policy, root, sealed } from '../support/attacked-image.ts';
import { testPlatform } from '../support/platform.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const me = { user: process.geteuid?.() };
const verdict: Verdict = await judge(sealed.bytes);
const { statement } = verdict;
const [{ anchor, certificate }] = verdict.signers;
const own: Experience = {
  product: statement!.product,
  signatories: [{ anchor: anchor!.sha256, subject: certificate.subject, spki: certificate.spki }],
  release: releaseOf(statement!),
  time: 0,
  rule: 'key',
};
const inForce = (memoryFile?: string): PolicyInForce => ({ ...policy, pin: 'key', memoryFile });
const place = async (before?: Experience): Promise<string> => {
  const path = join(await temporaryFolder(), 'known.json');
  if (before) await updateMemory(path, me, (memory) => remember(memory, before));
  return path;
};

describe('attack 51: what another process remembered meanwhile', () => {
  test('nothing, or the same: it is written', async () => {
    for (const path of [await place(), await place(own)]) {
      expect(await rememberVerdict(verdict, inForce(path))).toBe(path);
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ publishers: [{ product: own.product }] });
    }
  });

  test.each([
    ['a newer release', { release: { ...own.release, version: '99.0.0' } }, 'E_DOWNGRADE'],
    ['the same with other files', { release: { ...own.release, content: 'e'.repeat(64) } }, 'E_DOWNGRADE'],
    ['another publisher', { signatories: [{ anchor: 'a'.repeat(64), subject: 'CN=Other', spki: 'b'.repeat(64) }] }, 'E_UNKNOWN_PUBLISHER'],
    ['another key of his', { signatories: [{ ...own.signatories[0], spki: 'b'.repeat(64) }] }, 'E_UNKNOWN_PUBLISHER'],
  ])('%s: it is refused, and the file stays', async (_, change, code) => {
    const path = await place({ ...own, ...change });
    const before = await readFile(path, 'utf8');
    await expect(rememberVerdict(verdict, inForce(path))).rejects.toMatchObject({ code });
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  test('a file that others can write is no place to remember anything in', async () => {
    const path = await place(own);
    await chmod(path, 0o666);
    await expect(rememberVerdict(verdict, inForce(path))).rejects.toMatchObject({ code: 'E_STATE' });
  });

  test('nowhere to write', async () => {
    await expect(rememberVerdict(verdict, inForce())).rejects.toMatchObject({ code: 'E_STATE' });
  });
});

describe('rule 9: example keys are not remembered', () => {
  test.each([
    ['the signer', { ...verdict, demonstration: true }],
    ['one of several', { ...verdict, signers: [...verdict.signers, { ...verdict.signers[0], demonstration: true }] }],
  ])('%s', async (_, found) => {
    const path = await place();
    await expect(rememberVerdict(found, inForce(path))).rejects.toMatchObject({ code: 'E_USAGE' });
    await expect(readFile(path)).rejects.toThrow(/ENOENT/);
  });
});

test('a signer who did not count is not remembered', async () => {
  const path = await place();
  const other = { ...verdict.signers[0], refusal: { code: 'E_UNTRUSTED', message: '' } } as const;
  await rememberVerdict({ ...verdict, signers: [...verdict.signers, other] }, inForce(path));
  expect((JSON.parse(await readFile(path, 'utf8')) as { publishers: unknown[] }).publishers).toHaveLength(1);
  await expect(rememberVerdict({ ...verdict, signers: [other] }, inForce(path))).rejects.toMatchObject({ code: 'E_INTERNAL' });
});

describe('the policy in force, told', () => {
  const told = async (more: object): Promise<string[]> => {
    const [complete] = policiesOf({ ...policy, ...more });
    return policyLines(await reportPolicy(complete, testPlatform));
  };

  test('with every default, and nobody said to be nobody', async () => {
    expect(await told({ anchors: [], publishers: [] })).toEqual([
      'policy policy',
      '  trust: nobody',
      '  timestamp: ifExpired',
      '  revocation: soft',
      '  apple: ifPresent',
    ]);
  });

  test('with all that was asked for', async () => {
    const lines = await told({
      name: 'policy.yaml',
      anchors: [...policy.anchors, { kind: 'fingerprint', sha256: 'ab'.repeat(32) }],
      publishers: ['CN=A', { name: 'b', subject: 'CN=B', issuer: 'CN=C' }, { name: 'd', spki: ['1', '2'] }],
      require: { count: 2, of: ['b', 'd'] },
      minBuild: 0,
      maxTimestampAge: 30 * 86_400,
      algorithms: { rsaBits: 4096 },
    });
    expect(lines[0]).toBe('policy policy.yaml');
    expect(lines[1]).toMatch(
      new RegExp(`^ {2}trust: ${root.certificate.subject.text} \\(sha256:[0-9a-f]{64}\\), sha256:${'ab'.repeat(32)}$`),
    );
    expect(lines).toContain('  publishers: CN=A, name b and subject CN=B and issuer CN=C, name d and spki 1, 2');
    expect(lines).toContain('  require: count 2 and of b, d');
    expect(lines).toContain('  minBuild: 0');
    expect(lines).toContain('  maxTimestampAge: 30');
    expect(lines).toContain('  algorithms: rsaBits 4096');
  });
});
