/** Items of type app: what is checked, and that a signed one is left alone. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type MadeApp, makeApp } from '../support/app-bundle.ts';
import { machO } from '../support/mach-o.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { entriesOf, failure, treeFrom } from './tree-of.ts';

const X86_64 = [0x0100_0007, 3] as const;
const ITEM = 'contents: [{ type: app, src: Hello.app }]\n';

async function withApp(made: MadeApp = {}): Promise<string> {
  const folder = await temporaryFolder();
  makeApp(join(folder, 'Hello.app'), made);
  return folder;
}

describe('a bundle that is as it should be', () => {
  test.each<[string, MadeApp]>([
    ['universal, XML', {}],
    ['a binary Info.plist', { binary: true }],
    ['for one processor', { program: machO({ minimum: '10.13' }) }],
    ['a script', { program: new TextEncoder().encode('#!/bin/sh\necho hello\n') }],
    ['a program that does not say what it needs', { program: machO({ minimum: '' }) }],
    ['a promise that is later than need be', { info: { LSMinimumSystemVersion: '12' } }],
    ['no promise', { info: { LSMinimumSystemVersion: undefined } }],
    ['signed', { signed: true }],
  ])('%s', async (_, made) => {
    const entries = await entriesOf(await withApp(made), ITEM);
    expect(entries.get('Hello.app/Contents/MacOS/hello')).toMatchObject({ type: 'file', mode: 0o755 });
    expect(entries.get('Hello.app')).toMatchObject({ type: 'folder' });
  });
});

describe('a bundle that would not start', () => {
  test.each<[string, MadeApp, RegExp, string?]>([
    ['no executable named', { info: { CFBundleExecutable: undefined } }, /no CFBundleExecutable/],
    ['no identifier', { info: { CFBundleIdentifier: undefined } }, /no CFBundleIdentifier/],
    ['no version', { info: { CFBundleShortVersionString: undefined, CFBundleVersion: undefined } }, /no CFBundleVersion/],
    ['an executable that is not there', { info: { CFBundleExecutable: 'other' } }, /no file Contents\/MacOS\/other/],
    ['an executable elsewhere', { info: { CFBundleExecutable: '../../x' } }, /no file name/],
    ['an executable without its bit', { mode: 0o644 }, /is not executable/],
    ['a text as executable', { program: new TextEncoder().encode('hello, world') }, /neither a program for the Mac nor a script/],
    ['nothing as executable', { program: new Uint8Array() }, /neither a program/],
    ['a library as executable', { program: machO({ fileType: 6, minimum: '10.13' }) }, /no program but a dylib/],
    ['a damaged program', { program: machO().subarray(0, 40) }, /load commands/],
    ['a promise that the program breaks', { program: machO({ minimum: '12.0' }) }, /promises macOS 10\.13, and the program needs 12\.0/],
    [
      'another processor',
      { program: machO({ cpu: X86_64, minimum: '10.13' }) },
      /"arch" is arm64, and the program is for x86_64/,
      'arch: arm64\n',
    ],
  ])('%s', async (_, made, said, more = '') => {
    const error = await failure(treeFrom(await withApp(made), more + ITEM));
    expect(error).toMatchObject({ code: 'E_MANIFEST', message: expect.stringMatching(said), line: expect.any(Number) });
  });

  test('no Info.plist, and one that is none', async () => {
    const folder = await withApp();
    writeFileSync(join(folder, 'Hello.app/Contents/Info.plist'), 'not a list');
    expect(await failure(treeFrom(folder, ITEM))).toMatchObject({ message: expect.stringMatching(/Info\.plist cannot be read/) });
    expect(await failure(treeFrom(folder, 'contents: [{ type: app, src: Hello.app/Contents }]\n'))).toMatchObject({
      message: expect.stringMatching(/this one has none/),
    });
    expect(await failure(treeFrom(folder, 'contents: [{ type: app, src: Hello.app/Contents/PkgInfo }]\n'))).toMatchObject({
      message: expect.stringMatching(/is a file, not a folder/),
    });
  });
});

describe('a signed bundle is not touched', () => {
  test.each([
    ['exclude: ["**/PkgInfo"]', /"exclude" would change it/],
    ['xattrs: { a: b }', /"xattrs" would change it/],
    ['finder: { label: 1 }', /"finder" would change it/],
    ['mode: "0644"', /"mode" would change it/],
  ])('%s is refused', async (setting, said) => {
    const item = `contents: [{ type: app, src: Hello.app, ${setting} }]\n`;
    expect(await failure(treeFrom(await withApp({ signed: true }), item))).toMatchObject({ message: expect.stringMatching(said) });
    await treeFrom(await withApp({ signed: false }), item);
  });

  test.each(['after', 'before'])('nothing is put into it, by an item that stands %s it', async (when) => {
    const [app, other] = ['{ type: app, src: Hello.app }', '{ src: note.txt, dst: Hello.app/Contents/ }'];
    const item = `contents: [${(when === 'after' ? [app, other] : [other, app]).join(', ')}]\n`;
    const folder = await withApp({ signed: true });
    writeFileSync(join(folder, 'note.txt'), 'note');
    expect(await failure(treeFrom(folder, item))).toMatchObject({
      message: expect.stringMatching(/note\.txt would go into Hello\.app, which is signed/),
    });
  });
});
