/** The openssl command line as the other side of a test: makes certificates, signs, verifies. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Says so aloud when it is not installed: a skipped test must be seen. */
export const hasOpenssl = ((): boolean => {
  const found = spawnSync('openssl', ['version']).status === 0;
  if (!found) console.warn('openssl is not installed: every test that needs it is skipped');
  return found;
})();

export interface Workbench {
  readonly folder: string;
  path(name: string): string;
  write(name: string, content: string | Uint8Array): string;
  read(name: string): Uint8Array;
  /** Runs openssl in the folder. @returns its standard output; throws when it fails */
  openssl(...args: string[]): Buffer;
  /** The same for a run that may fail. */
  attempt(...args: string[]): { status: number; output: string };
  remove(): void;
}

export function workbench(): Workbench {
  const folder = mkdtempSync(join(tmpdir(), 'diskseal-test-'));
  return {
    folder,
    path: (name) => join(folder, name),
    write(name, content) {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    },
    read: (name) => new Uint8Array(readFileSync(join(folder, name))),
    openssl: (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 << 20 }),
    attempt(...args) {
      const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: folder, maxBuffer: 64 << 20 });
      return { status: status ?? -1, output: stdout.toString() + stderr.toString() };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What `openssl genpkey` is told for each kind of key. */
export const KEY_OPTIONS = {
  p256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  k256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
  rsa1024: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
  rsa2048: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  rsa3072: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
  rsaPss: ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:3072'],
  ed25519: ['-algorithm', 'ED25519'],
} as const;
