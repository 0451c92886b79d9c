import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { showKeys } from '../../src/keys/show-keys.ts';
import { loadSigner, type SignerFiles } from '../../src/keys/signer.ts';
import { parseCertificate } from '../../src/pki/x509.ts';
import { hasOpenssl, KEY_OPTIONS, type Workbench, workbench } from '../support/openssl.ts';

const ASK = (text: string) => () => Promise.resolve(text);
const NEVER = () => Promise.reject(new Error('the passphrase was asked for'));
const CONFIG = `[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign
subjectKeyIdentifier=hash
[leaf]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=codeSigning
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[tls]
extendedKeyUsage=serverAuth
`;

let bench: Workbench;

/** A root, an intermediate, and a leaf of one kind of key; files NAME.key and NAME.pem. */
function certify(name: string, key: readonly string[], section = 'leaf', days = '100'): void {
  bench.openssl('genpkey', ...key, '-out', `${name}.key`);
  bench.openssl('req', '-new', '-key', `${name}.key`, '-subj', `/O=Test/CN=${name}`, '-out', `${name}.csr`);
  bench.openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'inter.pem',
    '-CAkey',
    'inter.key',
    '-CAcreateserial',
    '-days',
    days,
    '-extfile',
    'ca.cnf',
    '-extensions',
    section,
    '-out',
    `${name}.pem`,
  );
}

async function failure(files: Partial<SignerFiles> & { key: string }): Promise<DisksealError> {
  const error = await load(files).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DisksealError) return error;
  throw new Error(`expected a DisksealError, got ${String(error)}`, { cause: error });
}

const load = ({ key, certificates, ...rest }: Partial<SignerFiles> & { key: string }) =>
  loadSigner({ key: bench.path(key), ...(certificates === undefined ? {} : { certificates: bench.path(certificates) }), ...rest });

async function checkSignature(files: Partial<SignerFiles> & { key: string }, certificate: string): Promise<void> {
  const signer = await load(files);
  bench.write('message', 'signed text');
  bench.write('signature', await signer.sign(new TextEncoder().encode('signed text')));
  bench.write('public', bench.openssl('x509', '-in', certificate, '-pubkey', '-noout'));
  expect(bench.openssl('dgst', `-${signer.hash}`, '-verify', 'public', '-signature', 'signature', 'message').toString()).toContain(
    'Verified OK',
  );
}

describe.skipIf(!hasOpenssl)('signers', () => {
  beforeAll(() => {
    bench = workbench();
    bench.write('ca.cnf', CONFIG);
    bench.openssl('genpkey', ...KEY_OPTIONS.p256, '-out', 'root.key');
    bench.openssl('req', '-x509', '-new', '-key', 'root.key', '-subj', '/O=Test/CN=root', '-days', '200', '-out', 'root.pem');
    bench.openssl('genpkey', ...KEY_OPTIONS.p256, '-out', 'inter.key');
    bench.openssl('req', '-new', '-key', 'inter.key', '-subj', '/O=Test/CN=inter', '-out', 'inter.csr');
    bench.openssl(
      'x509',
      '-req',
      '-in',
      'inter.csr',
      '-CA',
      'root.pem',
      '-CAkey',
      'root.key',
      '-CAcreateserial',
      '-days',
      '150',
      '-extfile',
      'ca.cnf',
      '-extensions',
      'ca',
      '-out',
      'inter.pem',
    );
    certify('ec', KEY_OPTIONS.p256);
    certify('ec384', KEY_OPTIONS.p384);
    certify('rsa', KEY_OPTIONS.rsa3072);
    // Root first, leaf last, a stranger in between: order is no concern of the user.
    bench.write('chain.pem', ['root', 'rsa', 'inter', 'ec'].map((name) => readFileSync(bench.path(`${name}.pem`), 'utf8')).join(''));
  });
  afterAll(() => bench.remove());

  it('finds the leaf by its key, orders the path and drops the root', async () => {
    const signer = await load({ key: 'ec.key', certificates: 'chain.pem' });
    expect(signer.certificates.map((der) => parseCertificate(der).subject.text)).toEqual(['CN=ec,O=Test', 'CN=inter,O=Test']);
    expect(signer).toMatchObject({ scheme: 'ecdsa', hash: 'sha256' });
    expect(JSON.stringify(signer)).not.toContain('PRIVATE');
  });

  it('signs with every kind of key that verifiers accept', async () => {
    await checkSignature({ key: 'ec.key', certificates: 'chain.pem' }, 'ec.pem');
    await checkSignature({ key: 'ec384.key', certificates: 'ec384.pem' }, 'ec384.pem');
    await checkSignature({ key: 'rsa.key', certificates: 'chain.pem' }, 'rsa.pem');
    expect(await load({ key: 'ec384.key', certificates: 'ec384.pem' })).toMatchObject({ hash: 'sha384' });
    expect(await load({ key: 'rsa.key', certificates: 'rsa.pem' })).toMatchObject({ scheme: 'rsa-pkcs1', hash: 'sha256' });
  });

  describe('private keys', () => {
    it.each([
      ['SEC 1', 'ec', ['ec', '-in', 'ec.key', '-out', 'k']],
      ['SEC 1 in DER', 'ec', ['ec', '-in', 'ec.key', '-outform', 'DER', '-out', 'k']],
      ['PKCS#1', 'rsa', ['pkey', '-in', 'rsa.key', '-traditional', '-out', 'k']],
      ['PKCS#1 in DER', 'rsa', ['pkey', '-in', 'rsa.key', '-traditional', '-outform', 'DER', '-out', 'k']],
      ['PKCS#8 in DER', 'ec', ['pkcs8', '-topk8', '-nocrypt', '-in', 'ec.key', '-outform', 'DER', '-out', 'k']],
      ['encrypted PKCS#8', 'ec', ['pkcs8', '-topk8', '-in', 'ec.key', '-passout', 'pass:pw', '-out', 'k']],
      ['encrypted PKCS#8 in DER', 'ec', ['pkcs8', '-topk8', '-in', 'ec.key', '-passout', 'pass:pw', '-outform', 'DER', '-out', 'k']],
      [
        'encrypted PKCS#8, AES-128, SHA-512',
        'ec',
        ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512', '-in', 'ec.key', '-passout', 'pass:pw', '-out', 'k'],
      ],
      [
        'encrypted PKCS#8, 3DES, SHA-1',
        'rsa',
        ['pkcs8', '-topk8', '-v2', 'des3', '-v2prf', 'hmacWithSHA1', '-in', 'rsa.key', '-passout', 'pass:pw', '-out', 'k'],
      ],
      ['encrypted PKCS#8, scrypt', 'ec', ['pkcs8', '-topk8', '-scrypt', '-in', 'ec.key', '-passout', 'pass:pw', '-out', 'k']],
      [
        'encrypted PKCS#8, PKCS#12 3DES',
        'ec',
        ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES', '-in', 'ec.key', '-passout', 'pass:pw', '-out', 'k'],
      ],
    ])('%s', async (form, name, command) => {
      bench.openssl(...command);
      const passphrase = form.startsWith('encrypted') ? ASK('pw') : NEVER;
      await checkSignature({ key: 'k', certificates: 'chain.pem', passphrase }, `${name}.pem`);
      if (!form.startsWith('encrypted')) return;
      expect(await failure({ key: 'k', certificates: 'chain.pem', passphrase: ASK('pW') })).toMatchObject({
        code: 'E_KEY',
        message: 'wrong passphrase',
        path: bench.path('k'),
      });
    });

    it('beside EC parameters and the certificate in one file', async () => {
      bench.write(
        'both',
        `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${bench.openssl('ec', '-in', 'ec.key').toString()}${readFileSync(bench.path('ec.pem'), 'utf8')}`,
      );
      await checkSignature({ key: 'both' }, 'ec.pem');
    });

    it('encrypted in the way of old are refused with a way out', async () => {
      bench.openssl('ec', '-in', 'ec.key', '-aes128', '-passout', 'pass:pw', '-out', 'k');
      const error = await failure({ key: 'k', certificates: 'ec.pem', passphrase: ASK('pw') });
      expect(error).toMatchObject({ code: 'E_KEY', line: 1 });
      expect(error.hint).toContain('openssl pkcs8 -topk8');
    });
  });

  describe('PKCS#12', () => {
    const export12 = (name: string, ...options: string[]): void => {
      bench.openssl(
        'pkcs12',
        '-export',
        '-inkey',
        `${name}.key`,
        '-in',
        `${name}.pem`,
        '-certfile',
        'chain.pem',
        '-passout',
        'pass:pw',
        '-out',
        'k.p12',
        ...options,
      );
    };

    it.each([
      ['default', 'ec', []],
      ['default', 'rsa', []],
      ['P-384', 'ec384', ['-name', 'a friendly name ä']],
      ['legacy', 'ec', ['-legacy']],
      ['legacy', 'rsa', ['-legacy']],
      ['3DES for both', 'ec', ['-legacy', '-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES']],
      ['two-key 3DES', 'ec', ['-legacy', '-certpbe', 'PBE-SHA1-2DES', '-keypbe', 'PBE-SHA1-2DES']],
      ['RC2 with 128 bits', 'ec', ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-RC2-128']],
      ['AES-128', 'ec', ['-certpbe', 'AES-128-CBC', '-keypbe', 'AES-128-CBC']],
      ['AES-192, SHA-512 MAC', 'ec', ['-certpbe', 'AES-192-CBC', '-keypbe', 'AES-192-CBC', '-macalg', 'sha512']],
      ['SHA-384 MAC', 'ec', ['-macalg', 'sha384']],
      ['certificates in clear', 'ec', ['-certpbe', 'NONE']],
      ['key in clear', 'ec', ['-keypbe', 'NONE']],
      ['one iteration', 'ec', ['-noiter', '-nomaciter']],
      ['100,000 iterations', 'ec', ['-iter', '100000']],
    ])('%s, %s', async (_, name, options) => {
      export12(name, ...options);
      await checkSignature({ key: 'k.p12', passphrase: ASK('pw') }, `${name}.pem`);
      const expected = name === 'ec384' ? ['CN=ec384,O=Test', 'CN=inter,O=Test'] : [`CN=${name},O=Test`, 'CN=inter,O=Test'];
      expect((await load({ key: 'k.p12', passphrase: ASK('pw') })).certificates.map((der) => parseCertificate(der).subject.text)).toEqual(
        expected,
      );
      expect(await failure({ key: 'k.p12', passphrase: ASK('Pw') })).toMatchObject({ code: 'E_KEY', message: 'wrong passphrase' });
    });

    it.each(['pä߀', 'ключ', '鍵🔑', 'x'.repeat(200)])('with the passphrase %s, modern and legacy', async (passphrase) => {
      for (const legacy of [[], ['-legacy']]) {
        export12('ec', ...legacy, '-passout', `pass:${passphrase}`);
        await checkSignature({ key: 'k.p12', passphrase: ASK(passphrase) }, 'ec.pem');
      }
    });

    it('with the empty passphrase is opened without asking', async () => {
      export12('ec', '-passout', 'pass:');
      await checkSignature({ key: 'k.p12', passphrase: NEVER }, 'ec.pem');
    });

    it('without a MAC is refused', async () => {
      export12('ec', '-nomac');
      expect((await failure({ key: 'k.p12', passphrase: ASK('pw') })).message).toContain('no integrity check');
    });

    it('damaged anywhere never gives another key, and fails with an error of ours', { timeout: 120_000 }, async () => {
      export12('ec', '-noiter', '-nomaciter');
      const whole = readFileSync(bench.path('k.p12'));
      const first = await load({ key: 'k.p12', passphrase: ASK('pw') });
      for (let at = 0; at < whole.length; at += 5) {
        const bytes = Buffer.from(whole);
        bytes[at] ^= 1 << (at % 8);
        bench.write('damaged.p12', bytes);
        const found = await load({ key: 'damaged.p12', passphrase: ASK('pw') }).catch((error: unknown) => error);
        if (found instanceof DisksealError) continue;
        // The iteration count of a MAC may be spelled in no other way that matters.
        expect(found).toMatchObject({ certificates: first.certificates });
      }
    });

    it.each([0, 1, 10, 100, 500])('cut after %i bytes fails with E_KEY', async (length) => {
      export12('ec');
      bench.write('cut.p12', readFileSync(bench.path('k.p12')).subarray(0, length));
      expect((await failure({ key: 'cut.p12', passphrase: ASK('pw') })).code).toBe('E_KEY');
    });

    it('that asks for endless work is refused at once', async () => {
      export12('ec', '-iter', '2048');
      const bytes = readFileSync(bench.path('k.p12'));
      // The MAC's iterations are the file's last INTEGER: 02 02 08 00.
      expect(bytes.subarray(-4).toString('hex')).toBe('02020800');
      const grown = Buffer.concat([bytes.subarray(0, -4), Buffer.from('02047fffffff', 'hex')]);
      // Two bytes more in PFX, and in MacData, which begins with the DigestInfo of SHA-256.
      grown.writeUInt16BE(grown.readUInt16BE(2) + 2, 2);
      grown[grown.lastIndexOf(Buffer.from('3031300d06096086480165', 'hex')) - 1] += 2;
      bench.write('endless.p12', grown);
      const started = Date.now();
      expect((await failure({ key: 'endless.p12', passphrase: ASK('pw') })).message).toContain('iterations');
      expect(Date.now() - started).toBeLessThan(1000);
    });
  });

  describe('refused', () => {
    it.each([
      ['rsa2048', 'E_WEAK', 'shorter than 3072'],
      ['p521', 'E_WEAK', 'P-521'],
      ['k256', 'E_WEAK', 'secp256k1'],
      ['rsaPss', 'E_WEAK', 'RSA-PSS'],
      ['ed25519', 'E_KEY', 'for verifying only'],
    ] as const)('a key of kind %s', async (kind, code, message) => {
      certify(kind, KEY_OPTIONS[kind]);
      const error = await failure({ key: `${kind}.key`, certificates: `${kind}.pem` });
      expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string });
      expect(error.hint).toBeDefined();
    });

    it('RSA with the exponent 3', async () => {
      bench.write(
        'e3.key',
        generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
      );
      expect((await failure({ key: 'e3.key', certificates: 'chain.pem' })).code).toBe('E_WEAK');
    });

    it('a certificate that belongs to another key', async () => {
      const error = await failure({ key: 'ec.key', certificates: 'rsa.pem' });
      expect(error).toMatchObject({ code: 'E_KEY', message: 'no certificate belongs to the key (EC P-256)' });
      expect(error.hint).toContain('CN=rsa');
    });

    it('a certificate for another purpose', async () => {
      certify('web', KEY_OPTIONS.p256, 'tls');
      expect((await failure({ key: 'web.key', certificates: 'web.pem' })).message).toContain('not for code signing');
    });

    it('a certificate that has expired, when there is a clock', async () => {
      const now = Date.now() / 1000 + 101 * 86_400;
      expect((await failure({ key: 'ec.key', certificates: 'chain.pem', now })).message).toContain('expired on');
      expect((await failure({ key: 'ec.key', certificates: 'chain.pem', now: 0 })).message).toContain('not valid before');
    });

    it.each([
      ['nothing', undefined, 'E_NOT_FOUND', 'there is no such file'],
      ['.', undefined, 'E_KEY', 'not a regular file'],
      ['ec.pem', undefined, 'E_KEY', 'holds no private key'],
      ['junk', 'just some text', 'E_KEY', 'neither PEM, DER nor PKCS#12'],
      ['empty', '', 'E_KEY', 'neither PEM, DER nor PKCS#12'],
      ['pem', '-----BEGIN PRIVATE KEY-----\nAAAA\n', 'E_KEY', 'no END line'],
      ['pem', '-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n', 'E_KEY', 'cannot be read'],
      ['pem', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAMCAQA=\n-----END ENCRYPTED PRIVATE KEY-----\n', 'E_KEY', 'EncryptedPrivateKeyInfo'],
      ['pem', '-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n', 'E_KEY', 'Certificate'],
      ['pem', '-----BEGIN PGP MESSAGE-----\nMAMCAQA=\n-----END PGP MESSAGE-----\n', 'E_KEY', 'neither key nor certificate'],
      ['der', Buffer.from('3003020100', 'hex'), 'E_KEY', 'cannot be read'],
    ])('%s (%j)', async (name, content, code, message) => {
      if (content !== undefined) bench.write(name, content);
      expect(await failure({ key: name })).toMatchObject({
        code,
        message: expect.stringContaining(message) as string,
        path: bench.path(name),
      });
    });

    it('two keys in one file', async () => {
      bench.write('two', readFileSync(bench.path('ec.key'), 'utf8') + readFileSync(bench.path('rsa.key'), 'utf8'));
      expect((await failure({ key: 'two', certificates: 'chain.pem' })).message).toContain('2 private keys');
    });
  });

  it('takes the certificate that is valid when a key has several', async () => {
    bench.openssl(
      'x509',
      '-req',
      '-in',
      'ec.csr',
      '-CA',
      'inter.pem',
      '-CAkey',
      'inter.key',
      '-CAcreateserial',
      '-days',
      '1',
      '-extfile',
      'ca.cnf',
      '-extensions',
      'leaf',
      '-out',
      'ec-short.pem',
    );
    bench.write('several.pem', readFileSync(bench.path('ec-short.pem'), 'utf8') + readFileSync(bench.path('chain.pem'), 'utf8'));
    const signer = await load({ key: 'ec.key', certificates: 'several.pem', now: Date.now() / 1000 + 50 * 86_400 });
    expect(Buffer.from(signer.certificates[0]).equals(Buffer.from(bench.openssl('x509', '-in', 'ec.pem', '-outform', 'DER')))).toBe(true);
  });

  it('shows what files hold, with the fingerprints that openssl computes', async () => {
    const report = await showKeys(bench.path('chain.pem'), { now: Date.now() / 1000 });
    const fingerprint = bench.openssl('x509', '-in', 'ec.pem', '-noout', '-fingerprint', '-sha256').toString().trim().split('=')[1];
    expect(report.holds.map(({ kind, key, usable }) => [kind, key, usable])).toEqual([
      ['certificate', 'EC P-256', false],
      ['certificate', 'RSA 3072', true],
      ['certificate', 'EC P-256', false],
      ['certificate', 'EC P-256', true],
    ]);
    expect(report.holds[3]).toMatchObject({
      subject: 'CN=ec,O=Test',
      issuer: 'CN=inter,O=Test',
      sha256: fingerprint.replaceAll(':', '').toLowerCase(),
    });
    const key = (await showKeys(bench.path('ec.key'), { now: 0 })).holds[0];
    expect(key).toMatchObject({ kind: 'private key', usable: true, spkiSha256: report.holds[3].spkiSha256 });
    expect(JSON.stringify(key)).not.toContain('PRIVATE');
    bench.write('public.der', bench.openssl('pkey', '-in', 'ec.key', '-pubout', '-outform', 'DER'));
    expect(bench.openssl('dgst', '-sha256', '-r', 'public.der').toString()).toContain(key.spkiSha256);
  });
});
