/** Holds the table of allowed imports (docs/architecture.md) against the code; type-only imports count too. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));
const FORMATS = ['formats/compression', 'formats/plist'];

/** Rooms and what they may import beside themselves; `core` is open to everyone, `*` to all. */
const ALLOWED: Record<string, readonly string[]> = {
  core: [],
  'formats/*': FORMATS,
  'formats/finder': ['formats/plist'],
  pki: [],
  trust: ['pki'],
  keys: ['pki'],
  seal: ['formats/*', 'pki'],
  apple: ['formats/*', 'pki'],
  manifest: ['formats/finder', 'formats/licence', 'formats/macho', 'formats/plist'],
  verify: ['formats/*', 'pki', 'trust', 'seal', 'apple'],
  build: ['formats/*', 'seal', 'apple', 'manifest'],
  capture: ['manifest'],
  mount: ['formats/*', 'verify'],
  node: [],
  web: [],
  page: ['pki', 'trust', 'seal', 'verify', 'web'],
  cli: ['*'],
  'index.ts': ['*'],
  'worker.ts': ['*'],
  'verifier.ts': ['*'],
  'verify-worker.ts': ['*'],
  'verify.ts': ['*'],
};
/** These run in a browser. */
const PORTABLE = ['core', 'formats', 'pki', 'trust', 'seal', 'apple', 'verify', 'web', 'page'];
/** What each room may take from npm; nothing when it is not named. */
const PACKAGES: Record<string, readonly string[]> = {
  keys: ['@peculiar/x509', 'reflect-metadata', 'node-forge'],
  manifest: ['yaml', 'zod', 'globby'],
  node: ['undici'],
  cli: ['commander', 'picocolors', 'yaml'],
};

interface Import {
  readonly file: string;
  readonly target: string;
}

const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports: Import[] = sources.flatMap((file) => {
  const text = readFileSync(join(src, file), 'utf8');
  const found = text.matchAll(
    /(?:^|\s)(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|^import\s+['"]([^'"]+)['"]/gm,
  );
  return [...found].map((match) => ({ file, target: match[1] ?? match[2] ?? match[3] }));
});

/**
 * `formats/filesystems/hfsplus/open.ts` → `formats/filesystems/hfsplus`; `formats/plist/x.ts` → `formats/plist`; `seal/x.ts` → `seal`.
 * Partition maps are one room: a GPT disk begins with an MBR.
 */
function room(file: string): string {
  const parts = dirname(file).split('/');
  if (parts[0] === '.') return file;
  if (parts[0] !== 'formats') return parts[0];
  return parts.slice(0, ['filesystems', 'containers'].includes(parts[1] ?? '') ? 3 : 2).join('/');
}

function mayImport(from: string, to: string): boolean {
  if (from === to || to === 'core') return true;
  const allowed = ALLOWED[from] ?? (from.startsWith('formats/') ? ALLOWED['formats/*'] : undefined);
  expect(allowed, `src/${from} is not in the table`).toBeDefined();
  return allowed.some((rule) => rule === '*' || rule === to || (rule === 'formats/*' && to.startsWith('formats/')));
}

describe('imports', () => {
  test('there are sources and imports to look at', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(sources.length);
  });
  test('each room imports only what the table allows', () => {
    const broken = imports
      .filter(({ target }) => target.startsWith('.'))
      .map(({ file, target }) => ({ file, target: relative(src, resolve(src, dirname(file), target)) }))
      .filter(({ file, target }) => !mayImport(room(file), room(target)))
      .map(({ file, target }) => `${file} must not import ${target}`);
    expect(broken).toEqual([]);
  });
  test('build takes no private keys and node knows only core', () => {
    expect(mayImport('build', 'keys')).toBe(false);
    expect(mayImport('verify', 'build')).toBe(false);
    expect(mayImport('node', 'formats/plist')).toBe(false);
    expect(mayImport('formats/containers/udif', 'formats/filesystems/hfsplus')).toBe(false);
  });
  test('SHA-1 names things in OCSP and does nothing else', () => {
    const users = imports.filter(({ target }) => target.endsWith('/sha1.ts')).map(({ file }) => file);
    expect(users.sort()).toEqual(['pki/ocsp-request.ts', 'trust/ocsp-statement.ts']);
  });
  test('rooms that run in a browser import nothing of Node', () => {
    const broken = imports.filter(({ file, target }) => target.startsWith('node:') && PORTABLE.includes(file.split('/')[0]));
    expect(broken).toEqual([]);
  });
  test('packages are taken only where the table says so', () => {
    const broken = imports
      .filter(({ target }) => !target.startsWith('.') && !target.startsWith('node:'))
      .filter(({ file, target }) => !(PACKAGES[file.split('/')[0]] ?? []).includes(target));
    expect(broken).toEqual([]);
  });
  test('diskseal/verify bundles for a browser', async () => {
    const result = await build({
      entryPoints: [join(src, 'verify.ts')],
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      logLevel: 'silent',
    });
    expect(result.errors).toEqual([]);
    expect(result.outputFiles[0].text).not.toContain('node:');
  });
});
