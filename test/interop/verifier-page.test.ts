/**
 * The page of `diskseal verifier` in Debian's Chromium: the verdicts of the command on the same files, no request, no fault that axe-core
 * knows of, steady memory. `DISKSEAL_SCREENSHOTS=1` takes the pictures of docs/images anew.
 */
import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LONG_LIFE, makeCertificate, testKey } from '../support/certificates.ts';
import { diskseal } from '../support/command-line.ts';
import { sealedImage } from '../support/forged-seal.ts';
import { file, folder as folderOf, tree } from '../support/memory-tree.ts';
import { sealedBeside, timestamped } from '../support/sealed-foreign.ts';
import { smallIso } from '../support/small-images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testAuthority } from '../support/timestamp-authority.ts';
import { mayUse, run } from './tools.ts';

const usable = mayUse({ name: 'browser', commands: ['chromium'], packages: ['chromium'] });
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PICTURES = process.env['DISKSEAL_SCREENSHOTS'] ? fileURLToPath(new URL('../../docs/images/', import.meta.url)) : undefined;

const root = makeCertificate({ subject: 'O=Example Ltd,CN=Example Root', key: testKey('p256', 'page root'), ca: true, ...LONG_LIFE });
const publisher = makeCertificate({
  subject: 'O=Example Ltd,CN=Example Software',
  key: testKey('p256', 'page'),
  issuer: root,
  ...LONG_LIFE,
});
const stranger = makeCertificate({
  subject: 'O=Example Ltd,CN=Example Software',
  key: testKey('p256', 'stranger'),
  ...LONG_LIFE,
  ca: true,
});
const forger = makeCertificate({
  subject: 'O=Example Ltd,CN=Example Software',
  key: testKey('p256', 'forger'),
  issuer: stranger,
  ...LONG_LIFE,
});
/** Expired at the end of June 2026, after the time of the test authority's tokens. */
const expired = makeCertificate({
  subject: 'O=Example Ltd,CN=Example Software',
  key: testKey('p256', 'expired'),
  issuer: root,
  notBefore: Date.UTC(2025, 0) / 1000,
  notAfter: Date.UTC(2026, 6) / 1000,
});
const authority = testAuthority();
const content = tree('Hello', [
  folderOf('Hello.app', [file('hello', '#!/bin/sh\necho hello\n', { mode: 0o755 }), file('words', 'word '.repeat(30_000))]),
  file('read me.txt', 'hello'),
]);
const pem = (bytes: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE-----\n`;

interface Answer {
  readonly exitCode: number;
  readonly heading: string;
  readonly milliseconds: number;
}

describe.runIf(usable)('the page in chromium', () => {
  let folder: string;
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const complaints: string[] = [];
  const place = (name: string): string => join(folder, name);

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeFile(place('root.pem'), pem(root.bytes));
    await writeFile(place('time.pem'), pem(authority.root.bytes));
    await writeImages();
    browser = await chromium.launch({ executablePath: run('sh', ['-c', 'command -v chromium']).stdout.trim(), args: ['--no-sandbox'] });
    const names = ['--trust', 'root.pem', '--publisher', 'CN=Example Software,O=Example Ltd', '--product', 'com.example.hello'];
    const words = ['verifier', ...names, '--product', 'com.example.foreign', '--name', 'Hello', '--timestamp-trust', 'time.pem'];
    expect(await diskseal(words, { cwd: folder })).toMatchObject({ code: 0 });
    page = await opened();
  });
  afterAll(async () => browser?.close());

  async function writeImages(): Promise<void> {
    const { bytes: good } = await sealedImage(content, publisher);
    const changed = good.slice();
    changed[700] ^= 1;
    const iso = smallIso();
    const images: Record<string, Uint8Array> = {
      'Hello-2.1.0.dmg': good,
      'Hello-changed.dmg': changed,
      'Hello-cut.dmg': good.subarray(0, -700),
      'Hello-by-somebody.dmg': (await sealedImage(content, forger)).bytes,
      'Hello-expired.dmg': (await sealedImage(content, expired)).bytes,
      'Hello-stamped.dmg': await timestamped((await sealedImage(content, expired)).bytes, authority),
      'Other.dmg': (await sealedImage(content, publisher, 'com.example.other')).bytes,
      'Hello.iso': iso,
      'Hello.iso.seal': await sealedBeside(iso, publisher),
    };
    for (const [name, bytes] of Object.entries(images)) await writeFile(place(name), bytes);
  }

  async function opened(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext({ viewport: { width: 900, height: 700 }, ...options })).newPage();
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(pathToFileURL(place('verify.html')).href);
    return page;
  }

  async function answered(on: Page = page): Promise<Answer> {
    const result = on.locator('#result-view');
    await on.waitForSelector('#result:not([hidden])', { timeout: 300_000 });
    const heading = await on.textContent('#verdict-heading');
    const [exitCode, milliseconds] = await result.evaluate((element) => [
      (element as unknown as { dataset: Record<string, string> }).dataset['exitCode'],
      (element as unknown as { dataset: Record<string, string> }).dataset['milliseconds'],
    ]);
    return { exitCode: Number(exitCode), heading: heading ?? '', milliseconds: Number(milliseconds) };
  }

  async function chosen(names: readonly string[], on: Page = page): Promise<Answer> {
    if (await on.isVisible('#again')) await on.click('#again');
    await on.setInputFiles('#file', names.map(place));
    return answered(on);
  }

  async function commanded(image: string, seal?: string): Promise<number | null> {
    const trust = ['--trust', 'root.pem', '--timestamp-trust', 'time.pem', '--publisher', 'CN=Example Software,O=Example Ltd'];
    const products = ['--product', 'com.example.hello', '--product', 'com.example.foreign'];
    const { code } = await diskseal(['verify', image, ...trust, ...products, ...(seal ? ['--seal', seal] : [])], { cwd: folder });
    return code;
  }

  async function accessible(what: string, on: Page = page): Promise<void> {
    // The page's own rules would not let a program of ours in by a tag.
    await on.evaluate(axe.source);
    const found = await on.evaluate(async () => {
      const { violations } = await (
        globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
      ).axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
    expect(found, what).toEqual([]);
  }

  async function pictured(name: string, on: Page = page): Promise<void> {
    if (PICTURES) await on.screenshot({ path: `${PICTURES}${name}.png`, fullPage: true });
  }

  test('asks for a file, with a keyboard too, and has no fault', async () => {
    expect(await page.title()).toBe('Check your download of Hello');
    await accessible('nothing chosen');
    await pictured('verifier-empty');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('file');
    await page.click('footer summary');
    expect(await page.textContent('footer')).toContain('CN=Example Software,O=Example Ltd');
    await accessible('what it is worth');
    await page.click('footer summary');
  });

  test.each<{ image: string; exitCode: number; heading: string; seal?: string; picture?: string }>([
    { image: 'Hello-2.1.0.dmg', exitCode: 0, heading: 'Genuine and unchanged', picture: 'verifier-good' },
    { image: 'Hello-changed.dmg', exitCode: 21, heading: 'Changed since it was sealed', picture: 'verifier-tampered' },
    { image: 'Hello-cut.dmg', exitCode: 10, heading: 'No seal found' },
    { image: 'Hello.iso', exitCode: 10, heading: 'No seal found' },
    { image: 'Hello.iso', exitCode: 0, heading: 'Genuine and unchanged', seal: 'Hello.iso.seal' },
    { image: 'Hello-by-somebody.dmg', exitCode: 30, heading: 'Not shown to be Example Software’s' },
    { image: 'Hello-expired.dmg', exitCode: 32, heading: 'The seal is out of date' },
    { image: 'Hello-stamped.dmg', exitCode: 0, heading: 'Genuine and unchanged' },
    { image: 'Other.dmg', exitCode: 40, heading: 'Another product' },
  ])('$image: $exitCode, $heading', async ({ image, exitCode, heading, seal, picture }) => {
    expect(await chosen([image, ...(seal ? [seal] : [])])).toMatchObject({ exitCode, heading });
    expect(await commanded(image, seal)).toBe(exitCode);
    expect(await page.evaluate('document.activeElement.id')).toBe('verdict-heading');
    if (picture) await pictured(picture);
    for (const folded of await page.locator('#result summary').all()) await folded.click();
    await accessible(heading);
  });

  test('what is in the image, when it was sealed, and every check', async () => {
    await chosen(['Hello-stamped.dmg']);
    const text = (await page.textContent('#result')) ?? '';
    for (const words of [
      'com.example.hello',
      '2.1.0',
      'proven by a timestamp of Time Authority',
      'Hello.app/hello',
      'read me.txt',
      'passed',
    ])
      expect(text).toContain(words);
  });

  test('a seal that comes first waits for its image', async () => {
    await page.click('#again');
    await page.setInputFiles('#file', [place('Hello.iso.seal')]);
    expect(await page.textContent('#note')).toContain('Choose the file that it belongs to');
    await accessible('a seal alone');
    await page.setInputFiles('#file', [place('Hello.iso')]);
    expect(await answered()).toMatchObject({ exitCode: 0 });
  });

  test('a file that is dropped anywhere on the page', async () => {
    await page.click('#again');
    const base64 = (await readFile(place('Hello-2.1.0.dmg'))).toString('base64');
    const transfer = await page.evaluateHandle((base64) => {
      const transfer = new (globalThis as unknown as { DataTransfer: new () => { items: { add(file: File): void } } }).DataTransfer();
      const bytes = Uint8Array.from(atob(base64), (character) => character.codePointAt(0)!);
      transfer.items.add(new File([bytes], 'dropped.dmg'));
      return transfer;
    }, base64);
    await page.dispatchEvent('header', 'dragover', { dataTransfer: transfer });
    expect(await page.getAttribute('#drop', 'class')).toContain('over');
    await page.dispatchEvent('header', 'drop', { dataTransfer: transfer });
    expect(await answered()).toMatchObject({ exitCode: 0 });
    expect(await page.textContent('#result .file')).toBe('dropped.dmg');
  });

  test('dark, on a narrow screen, and without colours of its own', async () => {
    const dark = await opened({ colorScheme: 'dark' });
    await accessible('dark', dark);
    expect(await chosen(['Hello.iso'], dark)).toMatchObject({ exitCode: 10 });
    await accessible('dark verdict', dark);
    await pictured('verifier-unsealed-dark', dark);
    const narrow = await opened({ viewport: { width: 360, height: 700 } });
    await chosen(['Hello-by-somebody.dmg'], narrow);
    expect(await narrow.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await accessible('narrow', narrow);
    await pictured('verifier-untrusted-narrow', narrow);
    const forced = await opened({ forcedColors: 'active' });
    await chosen(['Hello-2.1.0.dmg'], forced);
    await accessible('forced colours', forced);
    for (const each of [dark, narrow, forced]) await each.context().close();
  });

  test('in print the folded parts are open', async () => {
    await chosen(['Hello-2.1.0.dmg']);
    const pdf = await page.pdf();
    expect(pdf.length).toBeGreaterThan(10_000);
    expect(await page.locator('#result details:not([open])').count()).toBe(0);
  });

  test('1 GiB: the verdict of the command, in bounded memory, with a page that stays awake', async () => {
    // Zeros, behind a boot record that says a disk of that size: sealed as any other tool's image is.
    const keys = await diskseal(['keys', 'new', 'keys', '--name', 'Large'], { cwd: folder });
    expect(keys.code).toBe(0);
    const disk = await open(place('large.img'), 'w');
    const sector = new Uint8Array(512);
    sector.set([0x0c, 0, 0, 0, 0, 8, 0, 0, 0, 0xf8, 0x1f, 0], 450);
    sector.set([0x55, 0xaa], 510);
    await disk.write(sector);
    await disk.close();
    await truncate(place('large.img'), 2 ** 30);
    const identity = ['--id', 'com.example.large', '--product-version', '1.0'];
    const keyed = ['--key', 'keys/publisher.key.pem', '--certificates', 'keys/publisher.chain.pem'];
    // Not by the other tests' command line, which allows 45 seconds: a busy machine takes longer for a gigabyte.
    const slowly = (...words: string[]) => run(process.execPath, [MAIN, ...words], { cwd: folder });
    const signed = slowly('sign', 'large.img', '-o', 'sealed.img', ...keyed, ...identity);
    expect(signed.status, signed.stderr).toBe(0);
    const who = ['--trust', 'keys/root.cert.pem', '--publisher', 'CN=Large', '--product', 'com.example.large'];
    expect((await diskseal(['verifier', ...who, '-o', 'large.html'], { cwd: folder })).code).toBe(0);
    expect(slowly('verify', 'sealed.img', ...who).status).toBe(0);

    const large = await opened();
    await large.goto(pathToFileURL(place('large.html')).href);
    await large.setInputFiles('#file', [place('sealed.img')]);
    // Pauses of the page while the worker works: how late a timer of 20 ms comes. As text, since the page's rules are not about us.
    const beats = large.evaluate(`(async () => {
      let longest = 0;
      for (let last = performance.now(); document.querySelector('#result').hidden; ) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }
      return longest;
    })()`);
    await expect.poll(() => large.evaluate('document.querySelector("#bar").value'), { timeout: 60_000 }).toBeGreaterThan(0.01);
    await accessible('while it runs', large);
    const before = residentMemory();
    let peak = before;
    const sampling = setInterval(() => (peak = Math.max(peak, residentMemory())), 200);
    const { exitCode, milliseconds } = await answered(large);
    clearInterval(sampling);
    console.log(
      `1 GiB in ${milliseconds} ms; Chromium's memory rose by ${peak - before} MiB; longest pause ${Math.round(Number(await beats))} ms`,
    );
    expect(exitCode).toBe(0);
    expect(peak - before).toBeLessThan(300);
    await large.context().close();
  });

  test('asked for nothing and complained of nothing', () => {
    const others = requests.filter((url) => !/^file:.*\/(?:verify|large)\.html$|^blob:null\//.test(url));
    expect(others).toEqual([]);
    expect(requests.some((url) => url.startsWith('blob:'))).toBe(true);
    expect(complaints).toEqual([]);
  });

  /** MiB of all of the browser's processes; whoever else runs one is counted too. */
  function residentMemory(): number {
    const { stdout } = run('sh', ['-c', 'ps -eo pid=,ppid=,rss=,comm=']);
    return stdout
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , name]) => name?.startsWith('chrom'))
      .reduce((sum, [, , rss]) => sum + Number(rss) / 1024, 0);
  }
});
