/**
 * A sealed image's CMS, with its certificates and its timestamp, in more than twenty thousand false forms: none is accepted, and none
 * ends in anything but a refusal. In CI all of them; elsewhere a sample. DISKSEAL_SWEEP=full or =sample overrides.
 * What openssl refuses of a sample we refuse.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { EXIT_CODES } from '../../src/core/errors.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { encodeSignedData, withTimeStampToken } from '../../src/pki/cms-write.ts';
import { writePem } from '../../src/pki/pem.ts';
import { checkSignatures } from '../../src/verify/signature.ts';
import { decidingFailure } from '../../src/verify/verdict.ts';
import { NOW, testChain } from '../support/certificates.ts';
import { placesOf, sealedImage } from '../support/forged-seal.ts';
import { file, tree } from '../support/memory-tree.ts';
import { hasOpenssl, workbench } from '../support/openssl.ts';
import { testPlatform } from '../support/platform.ts';
import { makeToken, testAuthority } from '../support/timestamp-authority.ts';
import { derMutants } from './der-mutants.ts';

const asked = process.env['DISKSEAL_SWEEP'];
const full = asked ? asked === 'full' : Boolean(process.env['CI']) && process.env['CI'] !== 'false';
/** Prime to the number of changes. */
const STEP = full ? 1 : 23;
/** Of changes at random, beside the systematic ones. */
const DOUBLES = 16_000;
/** openssl is a process each time: 8 to 30 ms. Prime to the number of changes, so that the sample falls on each of them. */
const OPENSSL_STEP = full ? 17 : 241;
if (!full) console.warn(`mutants: only every ${STEP}th is tried; DISKSEAL_SWEEP=full or CI=true tries all`);

const { root, leaf } = testChain();
const authority = testAuthority();
const expectations = {
  anchors: [{ kind: 'certificate', certificate: root.certificate }],
  timestampAnchors: [{ kind: 'certificate', certificate: authority.root.certificate }],
  publishers: ['CN=Demo Publisher,O=Demo'],
  // Else whoever takes the whole timestamp away has a message that is good without.
  timestamp: 'required',
  now: NOW + 60,
} as const;

/** The CMS of a sealed image as `sign --timestamp` leaves it. */
async function sealedMessage(): Promise<Uint8Array> {
  const { bytes } = await sealedImage(tree('Mutants', [file('a', 'b')]), leaf);
  const places = placesOf(bytes);
  const { content, certificates, signers } = parseSignedData(bytes.subarray(places.cms, places.slack));
  const stamped = signers.map((info) => withTimeStampToken(info.bytes, makeToken({ signature: info.signature, authority })));
  return encodeSignedData({ content, certificates: certificates.map((one) => one.bytes), signers: stamped });
}

const verdictOn = async (cms: Uint8Array) => decidingFailure((await checkSignatures(cms, expectations, testPlatform)).checks);
const REFUSALS = new Set([22, 23, 30, 31, 32, 34, 35]);

describe('false forms of a sealed message', () => {
  test('attack 30: more than twenty thousand, none accepted', async () => {
    const message = await sealedMessage();
    expect(await verdictOn(message)).toBeUndefined();
    const codes = new Map<number, number>();
    const wrong: string[] = [];
    const distinct = new Set<string>();
    for (const { what, bytes } of derMutants(message, DOUBLES, STEP)) {
      distinct.add(createHash('sha256').update(bytes).digest('base64'));
      const refusal = await verdictOn(bytes);
      const code = refusal ? EXIT_CODES[refusal.code] : 0;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      if (!REFUSALS.has(code)) wrong.push(`${what}: ${code} ${refusal?.message}`);
    }
    expect(wrong).toEqual([]);
    expect(distinct.size).toBeGreaterThan(20_000 / STEP);
    console.log(
      `${distinct.size} distinct mutants of ${message.length} bytes, refused by code: ${JSON.stringify(Object.fromEntries(codes))}`,
    );
  }, 600_000);

  test.skipIf(!hasOpenssl)(
    'what openssl refuses of a sample, we refuse',
    async () => {
      const bench = workbench();
      try {
        bench.write('root.pem', writePem('CERTIFICATE', root.bytes));
        const attempt = (bytes: Uint8Array): boolean => {
          bench.write('mutant', bytes);
          const trust = ['-no-CApath', '-no-CAstore', '-CAfile', 'root.pem', '-purpose', 'any', '-attime', String(NOW)];
          return bench.attempt('cms', '-verify', '-binary', '-inform', 'DER', '-in', 'mutant', ...trust, '-out', 'content').status === 0;
        };
        const message = await sealedMessage();
        expect(attempt(message)).toBe(true);
        let accepted = 0;
        let refused = 0;
        for (const { what, bytes } of derMutants(message, DOUBLES, OPENSSL_STEP)) {
          if (attempt(bytes)) accepted++;
          else {
            refused++;
            expect(await verdictOn(bytes), what).toBeDefined();
          }
        }
        console.log(`of ${accepted + refused} mutants openssl accepted ${accepted}; we accepted none`);
        expect(refused).toBeGreaterThan(40);
      } finally {
        bench.remove();
      }
    },
    600_000,
  );
});
