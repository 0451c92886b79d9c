/** `diskseal/verify` in Debian's Chromium: the test vectors as files that a user chooses, with the verdicts that Node.js gives. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { verify } from '../../src/verify/verify.ts';
import { diskseal } from '../support/command-line.ts';
import { testPlatform } from '../support/platform.ts';
import { sealedImage } from '../support/sealed-image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bytesOf, vectors as everyVector, path, policyOf } from '../vectors/given.ts';
import { mayUse, run } from './tools.ts';

const vectors = everyVector.filter(({ command }) => command !== 'inspect');

const usable = mayUse({ name: 'browser', commands: ['chromium'], packages: ['chromium'] });

/** What the page answers: all that `verify --json` says and a browser can send. */
interface Judged {
  readonly exitCode: number;
  readonly code?: string | undefined;
  readonly checks: unknown;
  readonly names?: readonly string[];
}

interface Request {
  readonly trust: readonly string[];
  readonly publishers: readonly string[];
  readonly at: number;
  readonly deep: boolean;
  readonly list?: boolean;
  /** Name and text of a policy, and what it names, as base64. */
  readonly policy?: { readonly name: string; readonly text: string; readonly files: Readonly<Record<string, string>> };
}

/** Runs in the page. */
async function judgeInPage({ trust, publishers, at, deep, list, policy }: Request): Promise<Judged> {
  const library = (globalThis as unknown as { diskseal: typeof import('../../src/verify.ts') }).diskseal;
  const { document } = globalThis as unknown as { document: { querySelector(name: string): { files: [Blob, Blob?] } } };
  const [file, seal] = document.querySelector('input').files;
  const anchors = trust.length > 0 ? trust.flatMap((pem) => library.parseAnchors(new TextEncoder().encode(pem))) : undefined;
  const bytes = (name: string): Uint8Array => Uint8Array.from(atob(policy!.files[name]), (letter) => letter.charCodeAt(0));
  const [first, ...further] = library.policiesInForce([
    { name: 'flags', anchors, publishers: publishers.length > 0 ? publishers : undefined },
    ...(policy ? [await library.policyFromDocument(JSON.parse(policy.text), policy.name, async (name) => bytes(name))] : []),
  ]);
  const platform = library.webPlatform();
  const whole = { ...first, further, now: at, deep, seal: seal && library.blobDisk(seal) };
  const verdict = await library.verify(library.blobDisk(file), whole, platform);
  const { exitCode, code, checks } = verdict;
  if (!list || !verdict.disk) return { exitCode, code, checks };
  const tree = await library.openVerified(verdict.disk, platform, await verdict.inventory!());
  const names: string[] = [];
  for await (const { path } of library.walk(tree.root)) names.push(path);
  return { exitCode, code, checks, names };
}

function policyText(name: string): Request['policy'] & object {
  const text = readFileSync(path(name), 'utf8');
  const { timestampTrust = [], revocationData = [] } = JSON.parse(text) as Record<string, string | undefined>;
  const files = [timestampTrust, revocationData].flat().map((file) => [file, Buffer.from(bytesOf(file)).toString('base64')]);
  return { name, text, files: Object.fromEntries(files) as Record<string, string> };
}

describe.runIf(usable)('chromium', () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const folder = await temporaryFolder();
    const bundled = await build({
      entryPoints: [fileURLToPath(new URL('../../src/verify.ts', import.meta.url))],
      bundle: true,
      platform: 'browser',
      format: 'iife',
      globalName: 'diskseal',
      write: false,
    });
    await writeFile(join(folder, 'diskseal.js'), bundled.outputFiles[0].contents);
    // No eval, no inline script, no WebAssembly, nothing from elsewhere.
    const rules = "default-src 'none'; script-src file:";
    const html = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${rules}"><input type="file" multiple><script src="diskseal.js"></script>`;
    await writeFile(join(folder, 'page.html'), html);
    browser = await chromium.launch({ executablePath: run('sh', ['-c', 'command -v chromium']).stdout.trim(), args: ['--no-sandbox'] });
    page = await browser.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(pathToFileURL(join(folder, 'page.html')).href);
  });
  afterAll(async () => browser?.close());

  async function inBrowser(files: string | string[], request: Request): Promise<Judged> {
    await page.setInputFiles('input', files);
    return page.evaluate(judgeInPage, request);
  }

  test.each(vectors)('$file: $about', async (vector) => {
    const { file, seal, command, trust, publishers, at, exitCode, code } = vector;
    const pems = trust.map((name) => readFileSync(path(name), 'utf8'));
    const policy = vector.policy === undefined ? {} : { policy: policyText(vector.policy) };
    const request = { trust: pems, publishers, at, deep: command === 'verify --deep', ...policy };
    const found = await inBrowser([path(file), ...(seal ? [path(seal)] : [])], request);
    expect(found).toMatchObject({ exitCode, ...(code ? { code } : {}) });
    const here = await verify(bytesDisk(bytesOf(file)), await policyOf(vector), testPlatform);
    expect(found.checks).toEqual(JSON.parse(JSON.stringify(here.checks)));
  });

  test('an image that was just built, as the command sees it; then tampered with', async () => {
    const { folder, image, root } = await sealedImage();
    const file = join(folder, image);
    const words = ['verify', file, '--trust', join(folder, root), '--publisher', '*', '--deep', '--json'];
    const request = { trust: [readFileSync(join(folder, root), 'utf8')], publishers: ['*'], at: Math.floor(Date.now() / 1000), deep: true };
    const good = await inBrowser(file, { ...request, list: true });
    expect(good.exitCode).toBe(0);
    expect(good.names).toEqual(expect.arrayContaining(['Hello.app/Contents/run', 'Applications']));
    expect(good.checks).toEqual(((await diskseal(words)).json() as Judged).checks);

    const bytes = readFileSync(file);
    bytes[1000] ^= 1;
    await writeFile(file, bytes);
    const bad = await inBrowser(file, { ...request, list: true });
    expect(bad).toMatchObject({ exitCode: 21, code: 'E_TAMPERED' });
    expect(bad.names).toBeUndefined();
    expect(bad.checks).toEqual(((await diskseal(words)).json() as Judged).checks);
  });

  test('the page had nothing to complain about', () => {
    expect(complaints).toEqual([]);
  });
});
