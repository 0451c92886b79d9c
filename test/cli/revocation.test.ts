/** Revocation on the command line: answers embedded by `sign` and by `build`, lists given to `verify`. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diskseal } from '../support/command-line.ts';
import { hasOpenssl } from '../support/openssl.ts';
import { type OpensslAuthority, opensslAuthority, type Revoked, SIGNER } from '../support/openssl-authority.ts';

describe.skipIf(!hasOpenssl)('revocation on the command line', () => {
  const authority = hasOpenssl ? opensslAuthority('p256') : (undefined as unknown as OpensslAuthority);
  const at = (name: string): string => authority.path(name);
  let server: Server;
  let revoked: Revoked[] = [];
  let open = true;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        response.writeHead(open ? 200 : 503, { 'content-type': 'application/ocsp-response' });
        const question = new Uint8Array(Buffer.concat(parts));
        response.end(open ? Buffer.from(authority.answer(question, revoked, { signer: 'root', known: ['signer'] })) : '');
      });
    });
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    authority.issue('signer', `${SIGNER}\nauthorityInfoAccess=OCSP;URI:http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    authority.write('chain.pem', Buffer.concat([authority.read('signer.pem'), authority.read('root.pem')]));
    authority.write('list.pem', authority.list('made.pem', [{ name: 'signer', date: Math.floor(Date.now() / 1000) - 60 }]));
  });
  afterAll(async () => {
    await new Promise((done) => void server.close(done));
    authority.remove();
  });

  const sign = (name: string, ...more: string[]) => {
    authority.write(name, new Uint8Array(100_000));
    const words = ['sign', at(name), '--key', at('signer.key'), '--certificates', at('chain.pem'), '--embed-revocation'];
    return diskseal([...words, '--id', 'com.example.app', '--product-version', '1', ...more]);
  };
  const verify = (name: string, ...more: string[]) =>
    diskseal(['verify', at(name), '--seal', at(`${name}.seal`), '--trust', at('root.pem'), '--publisher', '*', ...more]);

  test('sign embeds what the authority says, and the strictest verifier is content', async () => {
    const signed = await sign('a.bin');
    expect([signed.code, signed.stderr]).toEqual([0, expect.stringContaining('sealed')]);
    const hard = await verify('a.bin', '--revocation', 'hard');
    expect([hard.code, hard.stdout]).toEqual([0, expect.stringMatching(/revocation .*OCSP response/)]);
    const refused = await verify('a.bin', '--revocation-data', at('list.pem'));
    expect([refused.code, refused.stdout + refused.stderr]).toEqual([33, expect.stringMatching(/CN=signer was revoked/)]);
    expect((await verify('a.bin', '--revocation-data', at('list.pem'), '--revocation', 'off')).code).toBe(0);
    const itself = await diskseal(['verify', at('a.bin'), '--seal', at('a.bin.seal'), '--trust', at('signer.pem')]);
    expect(itself.code).toBe(0);
  });

  test('build does so as well', async () => {
    const sealed = 'sign: { key: signer.key, certificates: chain.pem, revocation: true }\n';
    authority.write('hello.txt', 'hello');
    authority.write(
      'installer.yaml',
      `name: A\nversion: "1"\nid: com.example.app\noutput: A.dmg\ncontents:\n  - src: hello.txt\n    dst: hello.txt\n${sealed}`,
    );
    const built = await diskseal(['build', at('installer.yaml')]);
    expect([built.code, built.stderr]).toEqual([0, expect.stringContaining('sealed')]);
    const { code } = await diskseal(['verify', at('A.dmg'), '--trust', at('root.pem'), '--publisher', '*', '--revocation', 'hard']);
    expect(code).toBe(0);
  });

  test('nothing is sealed when the authority says no, or nothing', async () => {
    revoked = [{ name: 'signer', date: Math.floor(Date.now() / 1000) - 60 }];
    const no = await sign('b.bin');
    expect([no.code, no.stderr]).toEqual([33, expect.stringMatching(/CN=signer was revoked/)]);
    revoked = [];
    open = false;
    const nothing = await sign('b.bin');
    open = true;
    expect([nothing.code, nothing.stderr]).toEqual([3, expect.stringMatching(/nobody could be had to say that CN=signer was not revoked/)]);
    expect((await verify('b.bin')).code).not.toBe(0);
  });

  test('who cannot be asked is said', async () => {
    const words = [
      'sign',
      at('b.bin'),
      '--key',
      at('signer.key'),
      '--id',
      'com.example.app',
      '--product-version',
      '1',
      '--embed-revocation',
    ];
    const alone = await diskseal([...words, '--certificates', at('signer.pem')]);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringMatching(/the certificate of CN=root is needed/)]);
    const keyless = await diskseal(['sign', at('b.bin'), '--embed-revocation', '--timestamp', 'http://127.0.0.1:1/']);
    expect([keyless.code, keyless.stderr]).toEqual([2, expect.stringMatching(/--embed-revocation without --key/)]);
  });
});
