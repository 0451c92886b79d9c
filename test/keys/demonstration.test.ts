import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { showKeys } from '../../src/keys/show-keys.ts';
import { loadSigner } from '../../src/keys/signer.ts';
import { DEMONSTRATION_KEYS } from '../../src/trust/demonstration.ts';
import { hasOpenssl, workbench } from '../support/openssl.ts';

const file = (name: string): string => fileURLToPath(new URL(`../../keys.example/${name}`, import.meta.url));
const now = Date.UTC(2026, 0, 1) / 1000;

describe('keys.example', () => {
  it('holds the keys that are known as the demonstration ones', async () => {
    const { holds } = await showKeys(file('publisher.chain.pem'), { now });
    expect(new Set(holds.map(({ spkiSha256 }) => spkiSha256))).toEqual(DEMONSTRATION_KEYS);
    const [key] = (await showKeys(file('publisher.key.pem'), { now })).holds;
    expect(DEMONSTRATION_KEYS.has(key.spkiSha256)).toBe(true);
  });

  it('says what it is in the subject, and lives long', async () => {
    const [publisher, root] = (await showKeys(file('publisher.chain.pem'), { now })).holds;
    expect(publisher).toMatchObject({
      subject: 'CN=DEMONSTRATION ONLY – NOT TRUSTED,O=diskseal demonstration',
      usable: true,
      notAfter: '2055-01-01T00:00:00Z',
    });
    expect(root).toMatchObject({ subject: 'CN=DEMONSTRATION ROOT – NOT TRUSTED,O=diskseal demonstration', authority: true });
    const text = (name: string): string => readFileSync(file(name), 'utf8');
    expect(text('publisher.chain.pem')).toBe(text('publisher.cert.pem') + text('root.cert.pem'));
  });

  it('signs', async () => {
    const signer = await loadSigner({ key: file('publisher.key.pem'), certificates: file('publisher.chain.pem'), now });
    expect(signer.certificates).toHaveLength(1);
    expect((await signer.sign(new Uint8Array(3))).length).toBeGreaterThan(60);
  });

  it.skipIf(!hasOpenssl)('is in order for openssl', () => {
    const bench = workbench();
    bench.openssl('verify', '-x509_strict', '-no-CApath', '-no-CAstore', '-CAfile', file('root.cert.pem'), file('publisher.cert.pem'));
    bench.remove();
  });
});
