/** The policy in force as `--explain` and `--json` have it: every member, defaults included, and nothing that was not said. */
import { expect, test } from 'vitest';
import { completePolicy, type Policy } from '../../src/trust/policy.ts';
import { parseEvidence } from '../../src/trust/revocation.ts';
import { policyLines, reportPolicy } from '../../src/verify/policy-report.ts';
import { makeCertificate, sha256, testKey } from '../support/certificates.ts';
import { testPlatform } from '../support/platform.ts';
import { makeList } from '../support/revocations.ts';

const root = makeCertificate({ subject: 'O=Demo,CN=Root', key: testKey('p256'), ca: true });
const print = Buffer.from(sha256(root.bytes)).toString('hex');
const anchor = { kind: 'certificate', certificate: root.certificate } as const;
const named = { kind: 'fingerprint', sha256: 'ab'.repeat(32) } as const;
const report = (policy: Policy) => reportPolicy(completePolicy(policy), testPlatform);

const ALL: Policy = {
  name: 'policy.yaml',
  anchors: [anchor, named],
  timestampAnchors: [named],
  publishers: [{ name: 'release', spki: ['cd'.repeat(32)], issuer: 'CN=Root,O=Demo', subject: undefined }, 'CN=Other'],
  require: { count: 2, of: ['release'] },
  products: ['com.example.hello', 'com.example.other'],
  channels: ['stable'],
  platforms: ['macos'],
  architectures: ['arm64'],
  formats: ['dmg'],
  minVersion: '1.2',
  minBuild: 0,
  timestamp: 'required',
  maxTimestampAge: 30 * 86_400,
  revocation: 'hard',
  evidence: parseEvidence(makeList({ issuer: root })),
  algorithms: { hashes: ['sha256'], rsaBits: 4096 },
  apple: 'required',
};

test('as data', async () => {
  const { evidence: _, anchors: __, timestampAnchors: ___, ...same } = ALL;
  expect(await report(ALL)).toEqual({
    ...same,
    trust: [{ sha256: print, subject: 'CN=Root,O=Demo' }, { sha256: named.sha256 }],
    timestampTrust: [{ sha256: named.sha256 }],
    maxTimestampAge: 30,
    revocationData: 1,
  });
});

test('in lines', async () => {
  expect(policyLines(await report(ALL))).toEqual([
    'policy policy.yaml',
    `  trust: CN=Root,O=Demo (sha256:${print}), sha256:${named.sha256}`,
    `  timestampTrust: sha256:${named.sha256}`,
    `  publishers: name release and spki ${'cd'.repeat(32)} and issuer CN=Root,O=Demo, CN=Other`,
    '  require: count 2 and of release',
    '  products: com.example.hello, com.example.other',
    '  channels: stable',
    '  platforms: macos',
    '  architectures: arm64',
    '  formats: dmg',
    '  minVersion: 1.2',
    '  minBuild: 0',
    '  timestamp: required',
    '  maxTimestampAge: 30',
    '  revocation: hard',
    '  revocationData: 1',
    '  algorithms: hashes sha256 and rsaBits 4096',
    '  apple: required',
  ]);
});

test('when nothing was said', async () => {
  const lines = ['policy policy', '  trust: nobody', '  timestamp: ifExpired', '  revocation: soft', '  apple: ifPresent'];
  expect(policyLines(await report({ anchors: [], publishers: [] }))).toEqual(lines);
  const anybody = policyLines(await report({ name: 'flags', anchors: [anchor], publishers: '*' }));
  expect(anybody.slice(0, 3)).toEqual(['policy flags', `  trust: CN=Root,O=Demo (sha256:${print})`, '  publishers: *']);
});
