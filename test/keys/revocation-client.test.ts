/** Revocation data for a seal: asked of openssl's responder over HTTP, embedded, and judged again by the verifier's own rules. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { gatherRevocations } from '../../src/keys/revocation-client.ts';
import { loadSigner } from '../../src/keys/signer.ts';
import { createHttpClient } from '../../src/node/http-client.ts';
import { parseSignedData } from '../../src/pki/cms.ts';
import { parseOcspResponse } from '../../src/pki/ocsp.ts';
import { encodeOcspRequest } from '../../src/pki/ocsp-request.ts';
import { type Certificate, parsePemCertificates } from '../../src/pki/x509.ts';
import { signStatement } from '../../src/seal/sign.ts';
import { checkRevocation, embeddedEvidence } from '../../src/trust/revocation.ts';
import { acceptRevocation } from '../../src/trust/revocation-sent.ts';
import { hasOpenssl } from '../support/openssl.ts';
import { AUTHORITY, type OpensslAuthority, opensslAuthority, RESPONDER, type Revoked, SIGNER } from '../support/openssl-authority.ts';
import { testPlatform } from '../support/platform.ts';

const NOW = Math.floor(Date.now() / 1000);

describe.skipIf(!hasOpenssl)('revocation data for a seal', () => {
  const authority = hasOpenssl ? opensslAuthority('p256') : (undefined as unknown as OpensslAuthority);
  const http = createHttpClient();
  let server: Server;
  /** What the server does at each path. */
  const answers = new Map<string, (body: Uint8Array) => { type: string; body: Uint8Array; status?: number }>();
  const asked: string[] = [];
  let base = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        asked.push(`${request.method} ${request.url}`);
        const answer = answers.get(request.url!)?.(new Uint8Array(Buffer.concat(parts)));
        response.writeHead(answer?.status ?? (answer ? 200 : 404), { 'content-type': answer?.type ?? 'text/plain' });
        response.end(answer ? Buffer.from(answer.body) : 'nothing');
      });
    });
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const places = (name: string): string =>
      `authorityInfoAccess=OCSP;URI:${base}/ocsp/${name}\ncrlDistributionPoints=URI:${base}/${name}.crl`;
    authority.issue('middle', `${AUTHORITY}\n${places('middle')}`);
    authority.issue('signer', `${SIGNER}\n${places('signer')}`);
    authority.issue('below', `${SIGNER}\n${places('below')}`, { issuer: 'middle' });
    authority.issue('silent', SIGNER);
    authority.issue(
      'odd',
      `${SIGNER}\nauthorityInfoAccess=OCSP;URI:ldap://127.0.0.1/x,OCSP;URI:file:///etc/passwd,caIssuers;URI:${base}/never`,
    );
    authority.issue('free', `${RESPONDER}\nnoCheck=ignored`);
    authority.issue('asked', RESPONDER);
  });
  afterAll(async () => {
    await new Promise((done) => void server.close(done));
    await http.close();
    authority.remove();
  });

  const load = (name: string): Certificate => parsePemCertificates(authority.read(`${name}.pem`))[0];
  const gather = (...names: string[]): Promise<readonly Uint8Array[]> => {
    asked.length = 0;
    const accept = (sent: Uint8Array, certificate: Certificate, issuer: Certificate) =>
      acceptRevocation(sent, certificate, issuer, NOW, testPlatform);
    return gatherRevocations(names.map(load), { post: http.post, get: (url, limit) => http.get(url, limit), accept });
  };
  const responder =
    (signer: string, known: readonly string[], revoked: readonly Revoked[] = [], more: string[] = []) =>
    (body: Uint8Array) => ({
      type: 'application/ocsp-response',
      body: authority.answer(body, revoked, { signer, known, arguments: ['-ndays', '7', ...more] }),
    });
  const listed =
    (issuer: string, revoked: readonly Revoked[] = []) =>
    () => ({ type: 'application/pkix-crl', body: authority.list('served.pem', revoked, { issuer }) });
  const statuses = async (choices: readonly Uint8Array[], ...names: string[]): Promise<string> => {
    const request = { at: NOW, proven: false, now: NOW, tolerance: 600, mode: 'hard', evidence: embeddedEvidence(choices) } as const;
    const result = await checkRevocation({ ...request, path: names.map(load) }, testPlatform);
    expect(result.used.size).toBe(choices.length);
    return result.statuses.map(({ status }) => status).join(' ');
  };
  const refusal = async (...names: string[]): Promise<DisksealError> => {
    const error = await gather(...names).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DisksealError);
    return error as DisksealError;
  };

  test('a responder is asked first; of its certificates only its own stays', async () => {
    answers.set('/ocsp/signer', responder('free', ['signer'], [], ['-rother', 'root.pem']));
    const choices = await gather('signer', 'root');
    expect(asked).toEqual(['POST /ocsp/signer']);
    expect(choices.length).toBe(1);
    expect(await statuses(choices, 'signer', 'root')).toBe('good');
    const sent = authority.answer(encodeOcspRequest(load('signer'), load('root')), [], {
      signer: 'free',
      known: ['signer'],
      arguments: ['-ndays', '7', '-rother', 'root.pem'],
    });
    expect(parseOcspResponse(sent).certificates.length).toBe(2);
    expect(embeddedEvidence(choices).responses[0].certificates.map(({ subject }) => subject.text)).toEqual(['CN=free']);
  });

  test('one for each certificate but the root; a list where no responder answers', async () => {
    answers.delete('/ocsp/middle');
    answers.delete('/ocsp/below');
    answers.set('/middle.crl', listed('root'));
    answers.set('/below.crl', listed('middle'));
    const choices = await gather('below', 'middle', 'root');
    expect(asked).toEqual(['POST /ocsp/below', 'GET /below.crl', 'POST /ocsp/middle', 'GET /middle.crl']);
    expect(await statuses(choices, 'below', 'middle', 'root')).toBe('good good');
    expect(await gather('root')).toEqual([]);
  });

  test('a revoked certificate signs nothing, and nobody else is asked', async () => {
    const revoked = [{ name: 'signer', date: NOW - 86_400, reason: 'superseded' }];
    answers.set('/ocsp/signer', responder('root', ['signer'], revoked));
    answers.set('/signer.crl', listed('root'));
    const error = await refusal('signer', 'root');
    expect(error.code).toBe('E_REVOKED');
    expect(error.message).toMatch(/^CN=signer was revoked; the OCSP response of .*superseded/);
    expect(asked).toEqual(['POST /ocsp/signer']);
  });

  test('what proves nothing is not embedded: a wrong signer, no answer, another certificate, a page, a list too long', async () => {
    answers.delete('/signer.crl');
    const words: [(body: Uint8Array) => { type: string; body: Uint8Array; status?: number }, RegExp][] = [
      [responder('middle', ['signer']), /CN=middle, which may not do so/],
      [responder('asked', ['signer']), /responder of whom nobody knows/],
      [responder('root', []), /does not know this certificate/],
      [() => ({ type: 'application/ocsp-response', body: Uint8Array.of(0x30, 3, 0x0a, 1, 6) }), /refused to answer: not authorized/],
      [() => ({ type: 'application/ocsp-response', body: new Uint8Array(0) }), /no revocation data/],
      [() => ({ type: 'text/html', body: new TextEncoder().encode('<html>') }), /web page|text\/html/],
      [() => ({ type: 'application/ocsp-response', body: new Uint8Array(9), status: 500 }), /500/],
    ];
    for (const [answer, expected] of words) {
      answers.set('/ocsp/signer', answer);
      const error = await refusal('signer', 'root');
      expect(error.code).toBe('E_HTTP');
      expect(error.message).toMatch(expected);
      expect(error.message).toMatch(
        /^nobody could be had to say that CN=signer was not revoked: http:\/\/127\.0\.0\.1:\d+\/ocsp\/signer: /,
      );
    }
    answers.set('/signer.crl', () => ({ type: 'application/pkix-crl', body: new Uint8Array(16_385) }));
    expect((await refusal('signer', 'root')).message).toMatch(/signer\.crl: an answer of more than 16384 bytes/);
  });

  test('a server sends two lists where one was asked for', async () => {
    const both = Buffer.concat([authority.list('one.pem', []), authority.list('two.pem', [])]);
    const [certificate, issuer] = [load('signer'), load('root')];
    await expect(acceptRevocation(new Uint8Array(both), certificate, issuer, NOW, testPlatform)).rejects.toThrow(/more than was asked for/);
  });

  test('more than a seal carries is not embedded', async () => {
    const accept = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array(8193));
    const post = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array());
    const path = ['below', 'middle', 'root'].map(load);
    const error = await gatherRevocations(path, { post, get: post, accept }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'E_NO_ROOM', message: expect.stringMatching(/16386 bytes.*at most 16384/) });
  });

  test('only http: and https: are asked, and only what is for this', async () => {
    expect((await refusal('odd', 'root')).message).toMatch(/names nobody who could be asked/);
    expect((await refusal('silent', 'root')).code).toBe('E_HTTP');
    expect(asked).toEqual([]);
  });

  test('in a seal: openssl still takes the message, and the verifier finds the data used', async () => {
    answers.set('/ocsp/below', responder('root', []));
    answers.set('/below.crl', listed('middle'));
    answers.set('/ocsp/middle', responder('free', ['middle']));
    const revocations = await gather('below', 'middle', 'root');
    authority.write('path.pem', Buffer.concat([authority.read('below.pem'), authority.read('middle.pem')]));
    const signer = await loadSigner({ key: authority.path('below.key'), certificates: authority.path('path.pem') });
    const content = new TextEncoder().encode('{"a":1}');
    const cms = await signStatement(content, signer, { platform: testPlatform, signingTime: NOW, revocations });
    const data = parseSignedData(cms);
    expect(data.revocations.length).toBe(2);
    expect(await statuses(data.revocations, 'below', 'middle', 'root')).toBe('good good');
    authority.write('message.der', cms);
    const verified = authority.attempt(
      'cms',
      '-verify',
      '-inform',
      'DER',
      '-in',
      'message.der',
      '-CAfile',
      'root.pem',
      '-purpose',
      'any',
      '-binary',
    );
    expect(verified.output).toContain('{"a":1}');
    expect(verified.status).toBe(0);
  });
});
