/** `diskseal build Hello.app` and `init` beside an app: bundles made by the test, the compiled command line, 7-Zip as judge where it is. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeApp } from '../support/app-bundle.ts';
import { diskseal } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const env = { SOURCE_DATE_EPOCH: '1767225600' };

describe('an app without a manifest', () => {
  test('becomes "Hello 2.1.0.dmg" with a link to /Applications, unsealed, and the build says so', async () => {
    const folder = await temporaryFolder();
    mkdirSync(join(folder, 'out'));
    makeApp(join(folder, 'out/Hello.app'), { signed: true, binary: true });
    const run = await diskseal(['build', 'out/Hello.app/'], { cwd: folder, env });
    expect(run).toMatchObject({ code: 0, stdout: 'Hello 2.1.0.dmg\n', stderr: expect.stringMatching(/not sealed[^]*--key/) });
    const listed = await diskseal(['ls', '-R', '--insecure-skip-verify', 'Hello 2.1.0.dmg'], { cwd: folder });
    expect(listed.stdout).toMatch(/Applications/);
    expect(listed.stdout).toMatch(/Hello\.app\/Contents\/MacOS\/hello/);
    const inspected = await diskseal(['inspect', 'Hello 2.1.0.dmg'], { cwd: folder });
    expect(inspected.stdout).toMatch(/^volume +"Hello"/m);
    const judge = spawnSync('7z', ['l', '-ba', 'Hello 2.1.0.dmg'], { cwd: folder, encoding: 'utf8' });
    if (judge.error) return console.warn('skipped: 7z is not installed');
    expect(judge.stdout).toMatch(/Hello\.app\/Contents\/MacOS\/hello/);
    expect(judge.stdout).toMatch(/\.DS_Store/);
  });

  test('is sealed with a key, under its identifier in lower case', async () => {
    const folder = await temporaryFolder();
    makeApp(join(folder, 'Hello.app'), { info: { CFBundleDisplayName: 'Hello: 1/2' } });
    await diskseal(['keys', 'new', 'keys', '--name', 'Test'], { cwd: folder });
    const words = ['build', 'Hello.app', '--key', 'keys/publisher.key.pem', '--certificates', 'keys/publisher.chain.pem'];
    expect(await diskseal(words, { cwd: folder, env })).toMatchObject({ code: 0, stdout: 'Hello- 1-2 2.1.0.dmg\n' });
    const verdict = await diskseal(['verify', 'Hello- 1-2 2.1.0.dmg', '--trust', 'keys/publisher.cert.pem'], { cwd: folder });
    expect(verdict).toMatchObject({ code: 0, stdout: expect.stringMatching(/com\.example\.hello/) });
    expect(await diskseal([...words, '-o', 'z.dmg'], { cwd: folder, env })).toMatchObject({ code: 0, stdout: 'z.dmg\n' });
    expect(existsSync(join(folder, 'z.dmg'))).toBe(true);
  });

  test('what will not do is said', async () => {
    const folder = await temporaryFolder();
    makeApp(join(folder, 'A.app'), { info: { CFBundleShortVersionString: undefined, CFBundleVersion: undefined } });
    makeApp(join(folder, 'B.app'), { info: { CFBundleExecutable: 'other' } });
    mkdirSync(join(folder, 'C.app'));
    const said = async (...words: string[]) => (await diskseal(['build', ...words], { cwd: folder, env })).stderr;
    expect(await said('A.app')).toMatch(/no version[^]*diskseal init/);
    expect(await said('B.app')).toMatch(/no file Contents\/MacOS\/other/);
    expect(await said('C.app')).toMatch(/C\.app.*Info\.plist, and this one has none/);
    expect(await said('--key', 'x', '.')).toMatch(/for an app without a manifest/);
    expect(await said('A.app', '--certificates', 'x')).toMatch(/says nothing without --key/);
  });
});

describe('init beside an app', () => {
  test('fills in what the app says, and the build takes it as it is', async () => {
    const folder = await temporaryFolder();
    makeApp(join(folder, 'build/Hello.app'));
    const run = await diskseal(['init', '--yes'], { cwd: folder });
    expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/found build\/Hello\.app/) });
    const text = readFileSync(join(folder, 'installer.yaml'), 'utf8');
    expect(text).toMatch(/^name: Hello$/m);
    expect(text).toMatch(/^version: "2\.1\.0"$/m);
    expect(text).toMatch(/^id: com\.example\.hello$/m);
    expect(text).toMatch(/^ {2}- \{ type: app, src: "build\/Hello\.app" \}$/m);
    expect(await diskseal(['build'], { cwd: folder })).toMatchObject({ code: 0, stdout: 'dist/Hello-2.1.0.dmg\n' });
  });
});
