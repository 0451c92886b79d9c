/** Certificate policies along a path: by hand after RFC 5280 6.1, and random paths that openssl judges too. */
import { afterAll, describe, expect, test } from 'vitest';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { writePem } from '../../src/pki/pem.ts';
import { policyFault } from '../../src/trust/certificate-policies.ts';
import { findPath } from '../../src/trust/path.ts';
import { CODE_SIGNING, validatePath } from '../../src/trust/path-validation.ts';
import { extension, type Made, makeCertificate, NOW, testKey } from '../support/certificates.ts';
import { hasOpenssl, type Workbench, workbench } from '../support/openssl.ts';
import { testPlatform } from '../support/platform.ts';
import { randomNumbers } from '../support/random-numbers.ts';

interface Rules {
  /** Last arcs of policies under 1.2.3, or `any`. */
  policies?: (number | 'any')[] | undefined;
  mappings?: [issuer: number, subject: number][] | undefined;
  explicit?: number | undefined;
  inhibitMapping?: number | undefined;
  inhibitAny?: number | undefined;
  /** The same name as its issuer. */
  selfIssued?: boolean;
}

const oidOf = (policy: number | 'any'): Uint8Array => der.oid(policy === 'any' ? OID.anyPolicy : `1.2.3.${policy}`);
const skip = (number: number, value: number | undefined): Uint8Array[] =>
  value === undefined ? [] : [der.implicit(number, der.integer(value))];

function extensionsOf({ policies, mappings, explicit, inhibitMapping, inhibitAny }: Rules): Record<string, Uint8Array> {
  const all: Record<string, Uint8Array> = {};
  if (policies)
    all[OID.certificatePolicies] = extension(
      OID.certificatePolicies,
      der.sequence(...policies.map((policy) => der.sequence(oidOf(policy)))),
    );
  if (mappings) {
    const pairs = mappings.map(([issuer, subject]) => der.sequence(oidOf(issuer), oidOf(subject)));
    all[OID.policyMappings] = extension(OID.policyMappings, der.sequence(...pairs), true);
  }
  if (explicit !== undefined || inhibitMapping !== undefined) {
    all[OID.policyConstraints] = extension(OID.policyConstraints, der.sequence(...skip(0, explicit), ...skip(1, inhibitMapping)), true);
  }
  if (inhibitAny !== undefined) all[OID.inhibitAnyPolicy] = extension(OID.inhibitAnyPolicy, der.integer(inhibitAny), true);
  return all;
}

/** A path from the rules of its certificates, the anchor first and the signer last. */
function pathOf([anchor, ...rules]: readonly Rules[]): Made[] {
  let last = makeCertificate({ subject: 'CN=Level 0', key: testKey('p256', '0'), ca: true, extensions: extensionsOf(anchor) });
  const path = [last];
  let name = 'CN=Level 0';
  for (const [index, rule] of rules.entries()) {
    const isSigner = index === rules.length - 1;
    name = rule.selfIssued ? name : `CN=Level ${index + 1}`;
    last = makeCertificate({
      subject: name,
      key: testKey('p256', String(index + 1)),
      ca: !isSigner,
      issuer: last,
      extensions: extensionsOf(rule),
    });
    path.unshift(last);
  }
  return path;
}

const isGood = (...rules: Rules[]): boolean => policyFault(pathOf(rules).map(({ certificate }) => certificate)) === undefined;

describe('by hand', () => {
  const cases: [string, boolean, Rules[]][] = [
    ['nothing said, nothing demanded', true, [{}, {}, {}]],
    ['policies that do not meet, and nobody cares', true, [{}, { policies: [1] }, { policies: [2] }]],
    ['demanded at once, kept', true, [{}, { policies: [1], explicit: 0 }, { policies: [1, 2] }]],
    ['demanded at once, not kept', false, [{}, { policies: [1], explicit: 0 }, { policies: [2] }]],
    ['demanded at once, left out below', false, [{}, { policies: [1], explicit: 0 }, {}]],
    ['demanded at once, left out above', false, [{}, {}, { policies: [1], explicit: 0 }, { policies: [1] }]],
    ['demanded two certificates below', true, [{}, { explicit: 2 }, {}]],
    ['demanded one certificate below', false, [{}, { explicit: 1 }, {}]],
    ['demanded by the signer itself', false, [{}, {}, { explicit: 0 }]],
    ['demanded by the signer itself, who has one', true, [{}, { policies: ['any'] }, { policies: [1], explicit: 0 }]],
    ['demanded by the signer of those after it', true, [{}, {}, { explicit: 1 }]],
    ['any keeps all', true, [{}, { policies: ['any'], explicit: 0 }, { policies: ['any'] }, { policies: [7] }]],
    ['any after one keeps that one', true, [{}, { policies: [1], explicit: 0 }, { policies: ['any'] }, { policies: [1] }]],
    ['any after one keeps no other', false, [{}, { policies: [1], explicit: 0 }, { policies: ['any'] }, { policies: [2] }]],
    ['any is inhibited', false, [{}, { policies: [1], explicit: 0, inhibitAny: 0 }, { policies: ['any'] }]],
    ['any is inhibited one below', true, [{}, { policies: [1], explicit: 0, inhibitAny: 1 }, { policies: ['any'] }]],
    [
      'any of a self-issued one is not inhibited',
      true,
      [{}, { policies: [1], explicit: 0, inhibitAny: 0 }, { policies: ['any'], selfIssued: true }, { policies: [1] }],
    ],
    [
      'any of a self-issued signer is inhibited',
      false,
      [{}, { policies: [1], explicit: 0, inhibitAny: 0 }, { policies: ['any'], selfIssued: true }],
    ],
    ['a self-issued one does not count', true, [{}, { explicit: 2 }, { selfIssued: true }, {}]],
    ['any other counts', false, [{}, { explicit: 2 }, {}, {}]],
    ['mapped', true, [{}, { policies: [1], explicit: 0, mappings: [[1, 2]] }, { policies: [2] }]],
    ['mapped away', false, [{}, { policies: [1], explicit: 0, mappings: [[1, 2]] }, { policies: [1] }]],
    [
      'mapped to two',
      true,
      [
        {},
        {
          policies: [1],
          explicit: 0,
          mappings: [
            [1, 2],
            [1, 3],
          ],
        },
        { policies: [3] },
      ],
    ],
    ['mapped from any', true, [{}, { policies: ['any'], explicit: 0, mappings: [[1, 2]] }, { policies: [2] }]],
    ['mapped from none', false, [{}, { policies: [3], explicit: 0, mappings: [[1, 2]] }, { policies: [2] }]],
    [
      'mapping inhibited',
      false,
      [{}, { policies: [1], explicit: 0, inhibitMapping: 0 }, { policies: [1], mappings: [[1, 2]] }, { policies: [2] }],
    ],
    [
      'mapping inhibited takes the policy away altogether',
      false,
      [{}, { policies: [1], explicit: 0, inhibitMapping: 0 }, { policies: [1], mappings: [[1, 2]] }, { policies: [1] }],
    ],
    [
      'mapping inhibited one below',
      true,
      [{}, { policies: [1], explicit: 0, inhibitMapping: 1 }, { policies: [1], mappings: [[1, 2]] }, { policies: [2] }],
    ],
    ['an anchor that demands', false, [{ explicit: 0 }, {}, {}]],
    ['an anchor that demands and gets', true, [{ explicit: 0 }, { policies: [1] }, { policies: [1] }]],
    ['the policies of an anchor bind nobody', true, [{ policies: [9], explicit: 0 }, { policies: [1] }, { policies: [1] }]],
    ['an anchor that inhibits any', false, [{ explicit: 0, inhibitAny: 0 }, { policies: ['any'] }, { policies: [1] }]],
    ['an anchor alone', true, [{ explicit: 0 }]],
  ];
  test.each(cases)('%s: %s', (_, good, rules) => {
    expect(isGood(...rules)).toBe(good);
  });

  test('in path validation: judged, and refused in words', async () => {
    const judge = (...rules: Rules[]): string[] => {
      const path = pathOf(rules).map(({ certificate }) => certificate);
      return validatePath({ path, at: NOW, tolerance: 0, purpose: CODE_SIGNING }).map(({ code, message }) => `${code} ${message}`);
    };
    expect(judge({}, { policies: [1], explicit: 0 }, { policies: [1] })).toEqual([]);
    expect(judge({}, { policies: [1], explicit: 0 }, { policies: [2] })).toEqual([
      'E_UNTRUSTED CN=Level 2 is under no policy that its issuers allow, and they demand one',
    ]);
    const [signer, ...others] = pathOf([{}, { policies: [1], explicit: 0 }, { policies: [1] }]).map(({ certificate }) => certificate);
    const anchors = [{ kind: 'certificate', certificate: others[1] }] as const;
    const found = await findPath({ certificate: signer, intermediates: others, anchors, at: NOW, purpose: CODE_SIGNING }, testPlatform);
    expect(found.path?.length).toBe(3);
  });

  test('no tree grows: 16 levels of a thousand mappings each', () => {
    const policies = Array.from({ length: 1000 }, (_, index) => index);
    const mappings = policies.flatMap((policy): [number, number][] => [[policy, (policy * 7) % 1000]]);
    const rules: Rules[] = Array.from({ length: 14 }, () => ({ policies: ['any', ...policies], mappings }));
    const path = pathOf([{}, { explicit: 0, policies: ['any'] }, ...rules, { policies: [1] }]).map(({ certificate }) => certificate);
    const began = performance.now();
    expect(policyFault(path)).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe.skipIf(!hasOpenssl)('against openssl', () => {
  const bench = hasOpenssl ? workbench() : (undefined as unknown as Workbench);
  afterAll(() => bench.remove());

  test('random paths', () => {
    const pick = randomNumbers(20_261_122);
    const random = (): number => pick(1_000) / 1_000;
    const maybe = (share: number, value: () => number): number | undefined => (random() < share ? value() : undefined);
    const somePolicies = (): (number | 'any')[] | undefined => {
      if (random() < 0.1) return undefined;
      const all = ([1, 2, 3, 'any'] as const).filter((policy) => random() < (policy === 'any' ? 0.25 : 0.5));
      return all.length > 0 ? all : [1];
    };
    const randomRules = (): Rules => ({
      policies: somePolicies(),
      mappings: random() < 0.4 ? [[1 + pick(3), 1 + pick(3)]] : undefined,
      explicit: maybe(0.5, () => pick(3)),
      inhibitMapping: maybe(0.2, () => pick(2)),
      inhibitAny: maybe(0.2, () => pick(2)),
      selfIssued: random() < 0.15,
    });
    const verdicts = { good: 0, bad: 0 };
    for (let round = 0; round < 150; round++) {
      const rules = [
        {},
        ...Array.from({ length: 1 + pick(3) }, randomRules),
        { policies: somePolicies(), explicit: maybe(0.1, () => pick(2)) },
      ];
      const path = pathOf(rules);
      const good = policyFault(path.map(({ certificate }) => certificate)) === undefined;
      verdicts[good ? 'good' : 'bad']++;
      expect(opensslAccepts(path), JSON.stringify(rules)).toBe(good);
    }
    expect(Math.min(verdicts.good, verdicts.bad)).toBeGreaterThan(30);
  });

  function opensslAccepts(path: readonly Made[]): boolean {
    const pem = path.map(({ bytes }) => writePem('CERTIFICATE', bytes));
    bench.write('root.pem', pem.at(-1)!);
    bench.write('others.pem', pem.slice(1, -1).join(''));
    bench.write('signer.pem', pem[0]);
    const files = ['-CAfile', 'root.pem', '-untrusted', 'others.pem', 'signer.pem'];
    const { status, output } = bench.attempt('verify', '-policy_check', '-policy', 'anyPolicy', '-attime', String(NOW), ...files);
    // Nothing but the policies may decide.
    if (status !== 0) expect(output).toMatch(/error 4[23] /);
    return status === 0;
  }
});
