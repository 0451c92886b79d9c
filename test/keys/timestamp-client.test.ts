import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DisksealError } from '../../src/core/errors.ts';
import type { HttpPost } from '../../src/core/platform.ts';
import { timestampClient } from '../../src/keys/timestamp-client.ts';
import { createHttpClient } from '../../src/node/http-client.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { readDer } from '../../src/pki/der.ts';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { encodeTimeStampRequest, parseTimeStampResponse } from '../../src/pki/timestamp-request.ts';
import { parseTimeStampToken } from '../../src/pki/timestamp-token.ts';
import { signatureToRenew, withRenewal } from '../../src/pki/timestamp-token-write.ts';
import { signStatement } from '../../src/seal/sign.ts';
import { judgeTimestamp, type TimestampResult } from '../../src/trust/timestamp.ts';
import { acceptTimeStamp } from '../../src/trust/timestamp-sent.ts';
import { type Made, signerOf, testChain } from '../support/certificates.ts';
import { at, BER_SPELLINGS, type Node, treeOf, write } from '../support/der-tree.ts';
import { hasOpenssl, type Workbench, workbench } from '../support/openssl.ts';
import { type Answer, type OpensslTsa, opensslTsa, pem, serve } from '../support/openssl-tsa.ts';
import { testPlatform } from '../support/platform.ts';
import {
  accuracy,
  digest,
  extendedKeyUsage,
  makeToken,
  type TestAuthority,
  type TokenRecipe,
  testAuthority,
} from '../support/timestamp-authority.ts';

const signature = new TextEncoder().encode('the octets of a signature');
const authority = testAuthority();
const clock = (): number => Math.floor(Date.now() / 1000);
const http = createHttpClient();
afterAll(() => http.close());

type Ask = (signature: Uint8Array) => Promise<Uint8Array>;
const accept = (sent: Uint8Array, about: Uint8Array) => acceptTimeStamp(sent, about, testPlatform);
const clientOf = (urls: readonly string[], post: HttpPost = (...question) => http.post(...question)): Ask =>
  timestampClient({ urls, post, platform: testPlatform, accept });

/** The token that a server's answer becomes. */
async function fetchFrom(answer: (question: Uint8Array) => Answer, about: Uint8Array = signature): Promise<Uint8Array> {
  const server = await serve(answer);
  try {
    return await clientOf([server.url])(about);
  } finally {
    await server.close();
  }
}

async function refusal(answer: (question: Uint8Array) => Answer): Promise<DisksealError> {
  const error = await fetchFrom(answer).then(
    () => undefined,
    (thrown: unknown) => thrown as DisksealError,
  );
  expect(error).toMatchObject({ code: 'E_HTTP', exitCode: 3 });
  expect(error!.message).toMatch(/^no timestamp could be had from http:\/\/127\.0\.0\.1:\d+\/tsa: /);
  return error!;
}

const judge = (token: Uint8Array, root: Made, about: Uint8Array = signature): Promise<TimestampResult> =>
  judgeTimestamp(
    token,
    about,
    { anchors: [{ kind: 'certificate', certificate: root.certificate }], now: clock(), tolerance: 600, revocation: 'off' },
    testPlatform,
  );

const nonceOf = (question: Uint8Array): Uint8Array => at(treeOf(question), 2).content;
const response = (token: Uint8Array, status = 0): Uint8Array => der.sequence(der.sequence(der.integer(status)), token);
/** An authority without openssl, good unless `change` makes it bad. */
const forge =
  (change: Partial<TokenRecipe> = {}, rewrite: (token: Uint8Array) => Uint8Array = (token) => token) =>
  (question: Uint8Array): Answer => {
    const rest = [der.element(0x02, nonceOf(question))];
    return { body: response(rewrite(makeToken({ signature, authority, time: clock(), rest, ...change }))) };
  };
const changed =
  (change: (top: Node) => void) =>
  (token: Uint8Array): Uint8Array => {
    const top = treeOf(token);
    change(top);
    return write(top);
  };

describe('the request', () => {
  test('is what RFC 3161 says', () => {
    const nonce = Uint8Array.of(0x40, 1);
    const bytes = encodeTimeStampRequest({ hash: 'sha256', hashedMessage: digest('sha256', signature) }, nonce);
    const [version, imprint, number, certReq] = readDer(bytes, 'TimeStampReq').children;
    expect(version.integer('version')).toBe(1n);
    expect(imprint.children[1].content).toEqual(digest('sha256', signature));
    expect(number.content).toEqual(nonce);
    expect(certReq.boolean('certReq')).toBe(true);
  });

  test('has another nonce each time, of 128 bits', async () => {
    const seen: Uint8Array[] = [];
    const post: HttpPost = (_, question) => {
      seen.push(nonceOf(question));
      return Promise.resolve(forge()(question).body);
    };
    const ask = clientOf(['http://a.example'], post);
    for (let count = 0; count < 20; count++) await ask(signature);
    expect(new Set(seen.map((nonce) => Buffer.from(nonce).toString('hex'))).size).toBe(20);
    for (const nonce of seen) expect([nonce.length, nonce[0] >> 6]).toEqual([16, 1]);
  });
});

describe('an answer that a seal may carry', () => {
  test('is asked for by POST and taken', async () => {
    const server = await serve(forge());
    const token = await clientOf([server.url])(signature);
    expect(server.questions).toHaveLength(1);
    expect(await judge(token, authority.root)).toMatchObject({ status: 'trusted' });
    await server.close();
  });

  test('granted with modifications is granted', async () => {
    const token = await fetchFrom((question) => {
      const { token: made } = parseTimeStampResponse(new Uint8Array(forge()(question).body));
      return { body: response(made!, 1) };
    });
    expect(await judge(token, authority.root)).toMatchObject({ status: 'trusted' });
  });

  test('rule 7: BER is made DER: indefinite lengths, octet strings in pieces, sets in any order', async () => {
    const indefinite = BER_SPELLINGS['indefinite length'];
    const inPieces = (node: Node, content: Uint8Array): Uint8Array =>
      der.element(node.tag | 0x20, der.octetString(content.subarray(0, 9)), der.octetString(content.subarray(9)));
    const berise = (token: Uint8Array): Uint8Array => {
      const top = treeOf(token);
      at(top, 1, 0, 3).children.reverse();
      const signedAttributes = at(top, 1, 0, 4, 0, 3);
      signedAttributes.children.reverse();
      const pieces = write(top, { node: at(top, 1, 0, 2, 1, 0), spelling: inPieces });
      expect(() => readDer(pieces, 'test')).toThrow(/must be primitive/);
      // ContentInfo and SignedData around what is now BER inside.
      return indefinite({ tag: 0x30, children: [], content: pieces }, contentOf(pieces));
    };
    const sent: Uint8Array[] = [];
    const token = await fetchFrom((question) => {
      const good = makeToken({ signature, authority, time: clock(), rest: [der.element(0x02, nonceOf(question))] });
      sent.push(good);
      const body = indefinite({ tag: 0x30, children: [], content: good }, Buffer.concat([der.sequence(der.integer(0)), berise(good)]));
      return { body };
    });
    expect(token).toEqual(sent[0]);
  });

  const everything: [string, (question: Uint8Array) => Answer][] = [
    ['the root', forge({ certificates: [authority.leaf, authority.intermediate, authority.root] })],
    ['a certificate of somebody else', forge({ certificates: [authority.leaf, authority.intermediate, testChain().leaf] })],
    [
      'another issuer of the same name',
      forge({ certificates: [authority.leaf, authority.intermediate, testAuthority('p384').intermediate] }),
    ],
    ['attributes that nobody signed', forge({ unsigned: [der.sequence(der.oid('1.2.3.4'), der.setOf([der.nullValue()]))] })],
    [
      'revocation data',
      forge(
        {},
        changed((top) => void at(top, 1, 0).children.splice(4, 0, treeOf(der.element(0xa1, der.sequence(der.integer(1)))))),
      ),
    ],
    [
      'an attribute certificate',
      forge(
        {},
        changed((top) => void at(top, 1, 0, 3).children.push(treeOf(der.element(0xa2, der.nullValue())))),
      ),
    ],
    [
      'something that is no certificate',
      forge(
        {},
        changed((top) => void at(top, 1, 0, 3).children.push(treeOf(der.sequence(der.integer(1))))),
      ),
    ],
    [
      'digests that nobody uses',
      forge(
        {},
        changed((top) => void at(top, 1, 0, 1).children.push(treeOf(der.sequence(der.oid(OID.sha512))))),
      ),
    ],
    [
      'the version of another message',
      forge(
        {},
        changed((top) => void (at(top, 1, 0, 0).content = Uint8Array.of(5))),
      ),
    ],
  ];
  test.each(everything)('rule 7: %s is left out', async (_, answer) => {
    const token = await fetchFrom(answer);
    const { certificates } = parseTimeStampToken(token);
    expect(certificates.map(({ subject }) => subject.text).sort()).toEqual(['CN=Time Authority,O=Time', 'CN=Time CA,O=Time']);
    expect(await judge(token, authority.root)).toMatchObject({ status: 'trusted' });
  });
});

function contentOf(element: Uint8Array): Uint8Array {
  return element.subarray(element[1] < 0x80 ? 2 : 2 + (element[1] & 0x7f));
}

describe('rule 14: an answer that is none fails the build with exit code 3 and says why', () => {
  const withLeaf = (change: Parameters<typeof testAuthority>[1]): ((question: Uint8Array) => Answer) =>
    forge({ authority: testAuthority('p256', change) });
  const text = der.sequence(der.utf8String('clock is being set'), der.utf8String('come back later'));
  const cases: [string, (question: Uint8Array) => Answer, RegExp][] = [
    ['of another signature', forge({ signature: new TextEncoder().encode('another') }), /made for another signature/],
    ['over another digest than asked for', forge({ imprintHash: 'sha512' }), /another digest than was asked for/],
    ['another nonce', forge({ rest: [der.integer(5)] }), /its nonce differs/],
    ['no nonce', forge({ rest: [] }), /its nonce differs/],
    [
      'an extended key usage that is not critical',
      withLeaf({ extensions: { [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping], false) } }),
      /marked critical/,
    ],
    [
      'code signing beside',
      withLeaf({ extensions: { [OID.extendedKeyUsage]: extendedKeyUsage([OID.timeStamping, OID.codeSigning]) } }),
      /timeStamping alone/,
    ],
    ['an authority that has expired', withLeaf({ notAfter: clock() - 10 }), /expired/],
    ['a clock in the future', forge({ time: clock() + 700 }), /that clock or this machine's is wrong/],
    ['a clock in the past', forge({ time: clock() - 700 }), /that clock or this machine's is wrong/],
    ['an unknown signed attribute', forge({ attributes: { '1.2.3.4': der.nullValue() } }), /1\.2\.3\.4 does not belong here/],
    ['a digest of SHA-1', forge({ digestAlgorithm: der.sequence(der.oid('1.3.14.3.2.26')) }), /SHA-1 is not accepted/],
    [
      'something that calls itself data',
      forge(
        {},
        changed((top) => void (at(top, 0).content = treeOf(der.oid(OID.idData)).content)),
      ),
      /must be idSignedData, is idData/,
    ],
    ['a message over data', forge({ contentType: OID.idData }), /must be tstInfo, is idData/],
    [
      'no certificates',
      forge(
        {},
        changed((top) => void at(top, 1, 0).children.splice(3, 1)),
      ),
      /at least 1/,
    ],
    ['only the certificate of somebody else', forge({ certificates: [testChain().leaf] }), /binds a certificate that is not there/],
    [
      'two signers',
      forge(
        {},
        changed((top) => void at(top, 1, 0, 4).children.push(at(top, 1, 0, 4, 0))),
      ),
      /2 elements, more than 1/,
    ],
    ['a signature of another key', forge({ signedBy: testChain().leaf }), /not one by the key of/],
    ['nothing but granted', () => ({ body: der.sequence(der.sequence(der.integer(0))) }), /refuses: granted, without a token/],
    [
      'a rejection with words',
      () => ({ body: der.sequence(der.sequence(der.integer(2), text, der.namedBits([14, 25]))) }),
      /refuses: rejection \(timeNotAvailable, systemFailure\): clock is being set: come back later$/,
    ],
    ['a rejection without words', () => ({ body: der.sequence(der.sequence(der.integer(2))) }), /refuses: rejection$/],
    [
      'a rejection with a token',
      (question) => ({ body: response(parseTimeStampResponse(forge()(question).body).token!, 2) }),
      /refuses: rejection$/,
    ],
    ['a status that nobody knows', () => ({ body: der.sequence(der.sequence(der.integer(77))) }), /refuses: status 77$/],
    ['HTML', () => ({ type: 'text/html', body: Buffer.from('<!doctype html><title>Login</title>') }), /web page/],
    ['HTML that calls itself an answer', () => ({ body: Buffer.from('<!doctype html><title>Login</title>') }), /web page/],
    ['nothing', () => ({ body: new Uint8Array() }), /TimeStampResp/],
    ['a cut answer', (question) => ({ body: forge()(question).body.subarray(0, -1) }), /claims \d+ bytes/],
    ['an answer with more behind it', (question) => ({ body: Buffer.concat([forge()(question).body, Buffer.from('x')]) }), /after the end/],
    ['a server’s error', () => ({ status: 503, body: new Uint8Array() }), /503/],
    ['more than a megabyte', () => ({ body: new Uint8Array(2 << 20) }), /more than 1048576 bytes/],
  ];
  test.each(cases)('%s', async (_, answer, words) => {
    expect((await refusal(answer)).message).toMatch(words);
  });

  test('nobody who answers, and nobody to ask', async () => {
    const server = await serve(forge());
    await server.close();
    await expect(clientOf([server.url])(signature)).rejects.toMatchObject({ code: 'E_HTTP', exitCode: 3 });
    await expect(clientOf([])(signature)).rejects.toMatchObject({ code: 'E_HTTP' });
  });

  test('each authority is tried in order; if none is good, each is said to be not', async () => {
    const rejecting = await serve(() => ({ body: der.sequence(der.sequence(der.integer(2))) }));
    const silent = await serve(() => ({ status: 500, body: new Uint8Array() }));
    const good = await serve(forge());
    const unused = await serve(forge());
    const token = await clientOf([rejecting.url, silent.url, good.url, unused.url])(signature);
    expect(await judge(token, authority.root)).toMatchObject({ status: 'trusted' });
    expect([rejecting, silent, good, unused].map(({ questions }) => questions.length)).toEqual([1, 1, 1, 0]);
    const error = await clientOf([rejecting.url, silent.url])(signature).catch((thrown: unknown) => thrown as DisksealError);
    expect((error as DisksealError).message).toContain(`${rejecting.url}: the authority refuses: rejection; ${silent.url}: `);
    for (const server of [rejecting, silent, good, unused]) await server.close();
  });

  test('an answer that is damaged anywhere is refused or means the same', { timeout: 120_000 }, async () => {
    let good = new Uint8Array();
    const nonce = Uint8Array.of(0x41, 2, 3);
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, fc.boolean(), async (changes, cut) => {
        const post: HttpPost = (_, question) => {
          good = new Uint8Array(forge()(question).body);
          const bytes = good.slice();
          for (const [place, value] of changes) bytes[place % bytes.length] = value;
          return Promise.resolve(cut ? bytes.subarray(0, changes[0][0] % bytes.length) : bytes);
        };
        const ask = timestampClient({ urls: ['http://a.example/'], post, platform: testPlatform, accept, nonce: () => nonce });
        const outcome = await ask(signature).catch((error: unknown) => error);
        if (outcome instanceof Uint8Array) expect(parseTimeStampToken(outcome).info.nonce).toEqual(nonce);
        else expect(outcome).toMatchObject({ code: 'E_HTTP' });
      }),
      { numRuns: 500 },
    );
  });

  test('a login in a URL is not told to anybody', async () => {
    const error = await clientOf(['http://user:secret@127.0.0.1:9/tsa?key=secret'])(signature).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('http://127.0.0.1:9/tsa');
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  test('what is no URL is a wrong usage', async () => {
    await expect(clientOf(['tsa.example'])(signature)).rejects.toMatchObject({ code: 'E_USAGE' });
  });
});

describe.skipIf(!hasOpenssl)('openssl ts', () => {
  let bench: Workbench;
  beforeAll(() => {
    bench = workbench();
    return () => bench.remove();
  });

  const ask = async (made: TestAuthority, tsa: OpensslTsa, about: Uint8Array = signature): Promise<Uint8Array> => {
    const server = await serve(opensslTsa(bench, made, tsa));
    try {
      return await clientOf([server.url])(about);
    } finally {
      await server.close();
    }
  };
  /** What openssl says about a token in our form. */
  const opensslVerifies = (token: Uint8Array, root: Made, about: Uint8Array = signature): string => {
    bench.write('token.der', token);
    bench.write('about.bin', about);
    bench.write('tsa-root.pem', pem(root.bytes));
    return bench.openssl('ts', '-verify', '-token_in', '-in', 'token.der', '-data', 'about.bin', '-CAfile', 'tsa-root.pem').toString();
  };

  const full = ['accuracy = secs:1, millisecs:500, microsecs:100', 'ordering = yes', 'tsa_name = yes'];
  const combinations = (['p256', 'p384', 'p521', 'rsa2048', 'rsa3072'] as const).flatMap((kind) =>
    (['sha256', 'sha384', 'sha512'] as const).map((hash) => [kind, hash] as const),
  );
  test.each(combinations)('%s with %s: we take its token, and it takes ours', async (kind, hash) => {
    const made = testAuthority(kind);
    const token = await ask(made, { digest: hash, lines: [...full, `ess_cert_id_alg = ${hash}`] });
    expect(await judge(token, made.root)).toMatchObject({ status: 'trusted', accuracy: 1.5001 });
    expect(parseTimeStampToken(token).info).toMatchObject({ ordering: true, policy: '1.2.3.4.1' });
    expect(opensslVerifies(token, made.root)).toContain('Verification: OK');
  });

  test('without accuracy, name and issuer: under an anchor that is the issuer, or with the issuer bound', async () => {
    const bare = await ask(authority, { chain: false });
    expect(parseTimeStampToken(bare).certificates).toHaveLength(1);
    expect(await judge(bare, authority.intermediate)).toMatchObject({ status: 'trusted', accuracy: 0 });
    expect(await judge(bare, authority.root)).toMatchObject({ status: 'unknown' });
    const bound = await ask(authority, { lines: ['ess_cert_id_chain = yes'] });
    expect(await judge(bound, authority.root)).toMatchObject({ status: 'trusted' });
    expect(opensslVerifies(bound, authority.root)).toContain('Verification: OK');
  });

  test('a certificate bound by SHA-1 alone, and a signature by SHA-1, are refused', async () => {
    await expect(ask(authority, { lines: ['ess_cert_id_alg = sha1'] })).rejects.toMatchObject({
      code: 'E_HTTP',
      message: expect.stringMatching(/signingCertificateV2 is missing/),
      hint: expect.stringMatching(/ess_cert_id_alg = sha256/),
    });
    await expect(ask(testAuthority('rsa2048'), { digest: 'sha1' })).rejects.toMatchObject({ code: 'E_HTTP' });
  });

  test('what it refuses, it refuses with its words', async () => {
    await expect(ask(authority, { lines: ['digests = sha512'] })).rejects.toMatchObject({
      message: expect.stringMatching(/refuses: rejection \(badAlg\): Message digest algorithm is not supported/),
    });
  });

  test('openssl cms still takes the message, and openssl ts the token in it', async () => {
    const { root, leaf } = testChain();
    const live = await serve(opensslTsa(bench, authority, { lines: full }));
    const content = new TextEncoder().encode('{"type":"test"}');
    const now = clock();
    const options = { platform: testPlatform, signingTime: now, timestamp: clientOf([live.url]) };
    const cms = await signStatement(content, signerOf(leaf), options);
    await live.close();
    bench.write('seal.p7s', cms);
    bench.write('root.pem', pem(root.bytes));
    const verify = ['cms', '-verify', '-purpose', 'any', '-binary', '-inform', 'DER', '-no-CApath', '-no-CAstore', '-CAfile', 'root.pem'];
    expect(new Uint8Array(bench.openssl(...verify, '-attime', String(now), '-in', 'seal.p7s'))).toEqual(content);
    const [signer] = parseSignedData(cms).signers;
    const [token] = signer.timeStampTokens;
    expect(opensslVerifies(token, authority.root, signer.signature)).toContain('Verification: OK');
    expect(await judge(token, authority.root, signer.signature)).toMatchObject({ status: 'trusted' });
  });

  test('rule 14: a renewal by openssl is over the signature of the token, and both are taken', async () => {
    const first = await ask(authority, {});
    const second = testAuthority('rsa3072', {}, 'Later');
    const renewal = await ask(second, {}, signatureToRenew(first));
    expect(opensslVerifies(renewal, second.root, signatureToRenew(first))).toContain('Verification: OK');
    const renewed = withRenewal(first, renewal);
    expect(opensslVerifies(renewed, authority.root)).toContain('Verification: OK');
    const anchors = [authority.root, second.root].map(({ certificate }) => ({ kind: 'certificate', certificate }) as const);
    const request = { anchors, now: clock(), tolerance: 600, revocation: 'off' } as const;
    expect(await judgeTimestamp(renewed, signature, request, testPlatform)).toMatchObject({
      status: 'trusted',
      renewal: { status: 'trusted' },
    });
  });

  test('what openssl refuses, we refuse', async () => {
    const bytes = makeToken({ signature, authority, time: clock(), rest: [accuracy(1)] });
    const top = treeOf(bytes);
    expect(opensslVerifies(bytes, authority.root)).toContain('Verification: OK');
    let refused = 0;
    for (const path of [
      [1, 0, 2, 1, 0],
      [1, 0, 4, 0, 3, 0, 1, 0],
      [1, 0, 4, 0, 5],
    ]) {
      const node = at(top, ...path);
      const spelling = (same: Node, content: Uint8Array): Uint8Array =>
        der.element(
          same.tag,
          content.map((octet, index) => (index === content.length - 1 ? octet ^ 1 : octet)),
        );
      const mutant = write(top, { node, spelling });
      expect(() => opensslVerifies(mutant, authority.root)).toThrow();
      await expect(judge(mutant, authority.root)).rejects.toMatchObject({ code: 'E_TIMESTAMP' });
      refused++;
    }
    expect(refused).toBe(3);
  });
});
