/** Revocation lists of `openssl ca` and responses of `openssl ocsp`, judged here and by openssl itself. */
import { afterAll, describe, expect, test } from 'vitest';
import { encodeOcspRequest } from '../../src/pki/ocsp-request.ts';
import { type Certificate, parsePemCertificates } from '../../src/pki/x509.ts';
import { checkRevocation, parseEvidence, type RevocationRequest } from '../../src/trust/revocation.ts';
import { hasOpenssl } from '../support/openssl.ts';
import { AUTHORITY, type OpensslAuthority, opensslAuthority, RESPONDER, type Revoked, SIGNER } from '../support/openssl-authority.ts';
import { testPlatform } from '../support/platform.ts';

const NOW = Math.floor(Date.now() / 1000);
const DAY = 86_400;

describe.skipIf(!hasOpenssl).each(['p256', 'rsa2048'] as const)('against openssl, %s', (kind) => {
  const authority = hasOpenssl ? opensslAuthority(kind) : (undefined as unknown as OpensslAuthority);
  if (hasOpenssl) {
    authority.issue('signer', SIGNER);
    authority.issue('other', SIGNER);
    authority.issue('middle', AUTHORITY);
    authority.issue('below', SIGNER, { issuer: 'middle' });
    authority.issue('asked', RESPONDER);
    authority.issue('free', `${RESPONDER}\nnoCheck=ignored`);
    authority.issue('wrong', SIGNER);
    authority.issue('late', `${RESPONDER}\nnoCheck=ignored`, { expired: true });
  }
  afterAll(() => authority.remove());
  const load = (name: string): Certificate => parsePemCertificates(authority.read(`${name}.pem`))[0];

  async function status(sources: readonly Uint8Array[], path: readonly string[], given: Partial<RevocationRequest> = {}): Promise<string> {
    const parts = sources.map(parseEvidence);
    const evidence = { crls: parts.flatMap(({ crls }) => crls), responses: parts.flatMap(({ responses }) => responses) };
    const request = { at: NOW, proven: false, now: NOW, tolerance: 600, mode: 'hard', evidence, path: path.map(load) } as const;
    const { statuses, faults } = await checkRevocation({ ...request, ...given }, testPlatform);
    return `${faults.length > 0 ? 'refused' : 'accepted'} ${statuses.map((one) => one.status).join(' ')}`;
  }

  /** `openssl verify -crl_check`, which is as strict as our `hard`. With `-crl_check_all` it asks about the root as well. */
  function opensslAccepts(list: string, name = 'signer', ...more: string[]): boolean {
    return (
      authority.attempt(
        'verify',
        more.length > 0 ? '-crl_check_all' : '-crl_check',
        '-CAfile',
        'root.pem',
        '-CRLfile',
        list,
        ...more,
        `${name}.pem`,
      ).status === 0
    );
  }

  describe('lists', () => {
    const revoked = (reason?: string): Revoked[] => [
      { name: 'other', date: NOW - 9 * DAY },
      { name: 'signer', date: NOW - 5 * DAY, ...(reason ? { reason } : {}) },
    ];
    const cases: [string, () => Uint8Array, string][] = [
      ['an empty one', () => authority.list('l.pem', []), 'accepted good'],
      ['one without the signer', () => authority.list('l.pem', revoked().slice(0, 1)), 'accepted good'],
      ['version 1', () => authority.list('l.pem', revoked().slice(0, 1), { extensions: '' }), 'accepted good'],
      ['revoked', () => authority.list('l.pem', revoked()), 'refused revoked'],
      ['superseded', () => authority.list('l.pem', revoked('superseded')), 'refused revoked'],
      ['key compromise since a date', () => authority.list('l.pem', revoked('keyTime,20260101000000Z')), 'refused revoked'],
      ['on hold', () => authority.list('l.pem', revoked('holdInstruction,holdInstructionReject')), 'refused revoked'],
      ['by another authority', () => authority.list('l.pem', [], { issuer: 'middle' }), 'refused unknown'],
      [
        'of users only',
        () => authority.list('l.pem', [], { extensions: 'issuingDistributionPoint=critical,@i\n[i]\nonlyuser=TRUE' }),
        'accepted good',
      ],
      [
        'of authorities only',
        () => authority.list('l.pem', [], { extensions: 'issuingDistributionPoint=critical,@i\n[i]\nonlyCA=TRUE' }),
        'refused unknown',
      ],
      ['an unknown critical extension', () => authority.list('l.pem', [], { extensions: '1.2.3.4=critical,ASN1:NULL' }), 'refused unknown'],
      ['of changes', () => authority.list('l.pem', [], { extensions: '2.5.29.27=critical,ASN1:INTEGER:1' }), 'refused unknown'],
    ];
    test.each(cases)('%s', async (name, make, expected) => {
      const list = make();
      expect(await status([list], ['signer', 'root'])).toBe(expected);
      // openssl takes a list of changes that comes alone for a whole one.
      expect(opensslAccepts('l.pem')).toBe(expected.startsWith('accepted') || name === 'of changes');
    });

    test('expired', async () => {
      const list = authority.list('l.pem', [], { arguments: ['-crl_lastupdate', '20250101000000Z', '-crl_nextupdate', '20250201000000Z'] });
      expect(await status([list], ['signer', 'root'])).toBe('refused unknown');
      expect(await status([list], ['signer', 'root'], { mode: 'soft' })).toBe('accepted unknown');
      expect(opensslAccepts('l.pem')).toBe(false);
    });

    test('all of a path', async () => {
      const own = authority.list('own.pem', [], { issuer: 'middle' });
      const upper = authority.list('upper.pem', []);
      const bad = authority.list('bad.pem', [{ name: 'middle', date: NOW - DAY }]);
      const path = ['below', 'middle', 'root'];
      for (const [lists, files, expected] of [
        [[own, upper], ['own.pem', 'upper.pem'], 'accepted good good'],
        [[own, bad], ['own.pem', 'bad.pem'], 'refused good revoked'],
        [[own], ['own.pem'], 'refused good unknown'],
      ] as const) {
        expect(await status(lists, path)).toBe(expected);
        authority.write('all.pem', files.map((file) => Buffer.from(authority.read(file)).toString()).join(''));
        expect(opensslAccepts('all.pem', 'below', '-untrusted', 'middle.pem')).toBe(expected.startsWith('accepted'));
      }
    });

    test('attack 48: revoked before and after a proven time', async () => {
      const list = (reason?: string): Uint8Array => authority.list('l.pem', revoked(reason));
      const proven = (days: number): Partial<RevocationRequest> => ({ proven: true, at: NOW - days * DAY });
      expect(await status([list('superseded')], ['signer', 'root'], proven(6))).toBe('accepted good');
      expect(await status([list('superseded')], ['signer', 'root'], proven(4))).toBe('refused revoked');
      expect(await status([list()], ['signer', 'root'], proven(6))).toBe('refused revoked');
      expect(await status([list('keyCompromise')], ['signer', 'root'], proven(6))).toBe('refused revoked');
      expect(await status([list('keyTime,20260101000000Z')], ['signer', 'root'], proven(900))).toBe('refused revoked');
    });
  });

  describe('responses', () => {
    const request = (): Uint8Array => encodeOcspRequest(load('signer'), load('root'));
    /** What openssl itself says about the response it just made. */
    const opensslSays = (...more: string[]): string =>
      authority.attempt(
        'ocsp',
        '-issuer',
        'root.pem',
        '-cert',
        'signer.pem',
        '-respin',
        'response.der',
        '-CAfile',
        'root.pem',
        '-no_nonce',
        ...more,
      ).output;
    const bad: Revoked[] = [{ name: 'signer', date: NOW - 5 * DAY, reason: 'keyCompromise' }];

    test('our request names what openssl names', () => {
      authority.openssl('ocsp', '-issuer', 'root.pem', '-cert', 'signer.pem', '-no_nonce', '-reqout', 'theirs.der');
      expect(request()).toEqual(authority.read('theirs.der'));
    });

    test.each([
      ['the issuer itself', 'root', true],
      ['a delegate of whom nobody needs to ask', 'free', true],
      ['a delegate of whom one needs to ask', 'asked', false],
      ['a certificate for something else', 'wrong', false],
      ['a delegate that has expired', 'late', false],
    ])('by %s', async (_, signer, fit) => {
      const options = { signer, known: ['signer'] };
      const good = authority.answer(request(), [], options);
      expect(await status([good], ['signer', 'root'])).toBe(fit ? 'accepted good' : 'refused unknown');
      // openssl does not ask about responders.
      if (signer !== 'asked') expect(opensslSays().includes('Response verify OK')).toBe(fit);
      expect(opensslSays()).toContain('signer.pem: good');
      const byKey = authority.answer(request(), [], { ...options, arguments: ['-ndays', '7', '-resp_key_id'] });
      expect(await status([byKey], ['signer', 'root'])).toBe(fit ? 'accepted good' : 'refused unknown');
      const revoked = authority.answer(request(), bad, options);
      const trusted = fit || signer === 'asked';
      expect(await status([revoked, good], ['signer', 'root'])).toBe(trusted ? 'refused revoked' : 'refused unknown');
      expect(opensslSays()).toContain('Reason: keyCompromise');
    });

    test('unknown, stale, and by strangers', async () => {
      const unknown = authority.answer(request(), [], { signer: 'root', known: ['other'] });
      expect(await status([unknown], ['signer', 'root'])).toBe('refused unknown');
      expect(opensslSays()).toContain('signer.pem: unknown');
      const brief = authority.answer(request(), [], { signer: 'root', known: ['signer'], arguments: ['-nmin', '5'] });
      expect(await status([brief], ['signer', 'root'])).toBe('accepted good');
      expect(await status([brief], ['signer', 'root'], { now: NOW + DAY })).toBe('refused unknown');
      const stranger = authority.answer(request(), [], { signer: 'middle', known: ['signer'] });
      expect(await status([stranger], ['signer', 'root'])).toBe('refused unknown');
      expect(opensslSays()).not.toContain('Response verify OK');
      expect(await status([brief], ['other', 'root'])).toBe('refused unknown');
    });

    test('a delegate of whom one asks in a list', async () => {
      const answer = authority.answer(request(), [], { signer: 'asked', known: ['signer'] });
      const list = (names: string[]): Uint8Array => {
        const extensions = 'issuingDistributionPoint=critical,@i\n[i]\nonlysomereasons=keyCompromise';
        return authority.list(
          'l.pem',
          names.map((name) => ({ name, date: NOW - DAY })),
          { extensions },
        );
      };
      expect(await status([answer, authority.list('l.pem', [])], ['signer', 'root'])).toBe('accepted good');
      expect(await status([answer, list(['asked'])], ['signer', 'root'], { mode: 'soft' })).toBe('accepted unknown');
      expect(await status([answer, list([])], ['signer', 'root'])).toBe('refused unknown');
    });
  });
});
