import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { type KeyKind, makeKeys } from '../../src/keys/new-keys.ts';
import { showKeys } from '../../src/keys/show-keys.ts';
import { loadSigner } from '../../src/keys/signer.ts';
import { parseCertificate } from '../../src/pki/x509.ts';
import { hasOpenssl, workbench } from '../support/openssl.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const now = Math.floor(Date.now() / 1000);
const secret = (text: string) => () => Promise.resolve(text);

async function failure(promise: Promise<unknown>): Promise<DisksealError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DisksealError) return error;
  throw new Error(`expected a DisksealError, got ${String(error)}`, { cause: error });
}

describe('keys new', () => {
  it.each<[KeyKind, string, string, string]>([
    ['p256', 'EC P-256', 'ecdsa', 'sha256'],
    ['p384', 'EC P-384', 'ecdsa', 'sha384'],
    ['rsa3072', 'RSA 3072', 'rsa-pkcs1', 'sha256'],
  ])('makes %s keys that sign and that openssl finds in order', async (algorithm, key, scheme, hash) => {
    const folder = await temporaryFolder();
    const report = await makeKeys(folder, { name: 'Zoë, "Ltd"+=\\', organization: 'O;<x>', algorithm, now });
    expect(report).toMatchObject({
      publisherKey: 'in clear',
      rootKey: 'thrown away',
      publisher: { key, usable: true, authority: false },
      root: { key, authority: true },
    });
    expect((await readdir(folder)).sort()).toEqual(['publisher.cert.pem', 'publisher.chain.pem', 'publisher.key.pem', 'root.cert.pem']);
    expect((await stat(join(folder, 'publisher.key.pem'))).mode & 0o777).toBe(0o600);
    const signer = await loadSigner({ key: join(folder, 'publisher.key.pem'), certificates: join(folder, 'publisher.chain.pem'), now });
    expect(signer).toMatchObject({ scheme, hash });
    expect(signer.certificates).toHaveLength(1);
    const { extensions, serial, subject } = parseCertificate(signer.certificates[0]);
    expect([...extensions.critical].sort()).toEqual(['2.5.29.15', '2.5.29.19']);
    expect(extensions.subjectKeyIdentifier).toBeDefined();
    expect(extensions.authorityKeyIdentifier?.keyIdentifier).toBeDefined();
    expect(serial.length).toBe(16);
    expect(subject.rdns.flatMap(({ attributes }) => attributes.map(({ text }) => text))).toEqual(['O;<x>', 'Zoë, "Ltd"+=\\']);
    if (!hasOpenssl) return;
    const bench = workbench();
    const file = (name: string): string => join(folder, name);
    bench.openssl('verify', '-x509_strict', '-no-CApath', '-no-CAstore', '-CAfile', file('root.cert.pem'), file('publisher.cert.pem'));
    bench.write('message', 'a message');
    bench.write('signature', await signer.sign(new TextEncoder().encode('a message')));
    bench.write('public.pem', bench.openssl('x509', '-in', file('publisher.cert.pem'), '-pubkey', '-noout'));
    expect(bench.openssl('dgst', `-${hash}`, '-verify', 'public.pem', '-signature', 'signature', 'message').toString()).toContain(
      'Verified OK',
    );
    bench.remove();
  });

  it('encrypts each private key with its own passphrase', async () => {
    const folder = await temporaryFolder();
    await makeKeys(folder, { name: 'A', passphrase: 'pä߀', rootPassphrase: 'root', now });
    const key = join(folder, 'publisher.key.pem');
    const certificates = join(folder, 'publisher.cert.pem');
    expect((await loadSigner({ key, certificates, passphrase: secret('pä߀') })).scheme).toBe('ecdsa');
    expect(await failure(loadSigner({ key, certificates, passphrase: secret('wrong') }))).toMatchObject({
      code: 'E_KEY',
      message: 'wrong passphrase',
      path: key,
    });
    expect((await failure(loadSigner({ key, certificates }))).message).toContain('no passphrase was given');
    expect((await showKeys(join(folder, 'root.key.pem'), { passphrase: secret('root'), now })).holds[0]).toMatchObject({
      kind: 'private key',
      key: 'EC P-256',
    });
    if (!hasOpenssl) return;
    const bench = workbench();
    expect(bench.attempt('pkey', '-in', key, '-passin', 'pass:pä߀', '-noout').status).toBe(0);
    expect(bench.attempt('pkey', '-in', key, '-passin', 'pass:x', '-noout').status).not.toBe(0);
    bench.remove();
  });

  it('overwrites nothing unless told to, and leaves nothing half done', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'publisher.key.pem'), 'mine');
    expect((await failure(makeKeys(folder, { name: 'A', now }))).code).toBe('E_EXISTS');
    expect(await readdir(folder)).toEqual(['publisher.key.pem']);
    await makeKeys(folder, { name: 'A', now, force: true, rootPassphrase: 'x' });
    expect(await readdir(folder)).toHaveLength(5);
    await makeKeys(folder, { name: 'A', now, force: true });
    // The old root's key would not belong to the new root.
    expect((await readdir(folder)).sort()).toEqual(['publisher.cert.pem', 'publisher.chain.pem', 'publisher.key.pem', 'root.cert.pem']);
    expect((await failure(makeKeys(join(folder, 'root.cert.pem'), { name: 'A', now }))).code).toMatch(/^E_(?:WRITE|EXISTS)$/);
  });

  it.each([
    [{ name: '' }],
    [{ name: 'a\nb' }],
    [{ name: 'x'.repeat(65) }],
    [{ name: 'a', days: 0 }],
    [{ name: 'a', days: 1.5 }],
    [{ name: 'a', passphrase: '' }],
  ])('refuses %j', async (options) => {
    expect((await failure(makeKeys(await temporaryFolder(), { now, ...options }))).code).toBe('E_USAGE');
  });

  it('writes dates beyond 2049 in the form that they need', async () => {
    const folder = await temporaryFolder();
    const report = await makeKeys(folder, { name: 'A', days: 36_525, now });
    expect(report.publisher.notAfter > '2100').toBe(true);
    expect(report.publisher.usable).toBe(true);
  });
});
