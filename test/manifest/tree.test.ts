import { execFileSync, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { walk } from '../../src/core/file-tree.ts';
import { writeAppleDouble } from '../../src/formats/finder/apple-double.ts';
import { folderOf, type Plan } from '../support/temporary-folder.ts';
import { entriesOf, failure, faultsOf, host, textOf, treeFrom } from './tree-of.ts';

const APP: Plan = {
  'build/Hello.app/Contents/MacOS/hello': { text: '#!/bin/sh\n', mode: 0o775 },
  'build/Hello.app/Contents/Info.plist': '<plist/>',
  'build/Hello.app/Contents/.hidden': 'h',
  'build/Hello.app/Contents/Empty': null,
  'build/Hello.app/Contents/Frameworks/F.framework/F': { link: 'Versions/Current/F' },
  'build/Hello.app/Contents/Frameworks/F.framework/Versions/A/F': 'f',
  'build/Hello.app/Contents/Frameworks/F.framework/Versions/Current': { link: 'A' },
  'docs/a.md': 'a',
  'docs/deep/b.md': 'b',
  'docs/deep/draft-b.md': 'no',
  'docs/c.txt': 'c',
};

const paths = async (folder: string, text: string): Promise<string[]> => [...(await entriesOf(folder, text)).keys()];

describe('contents', () => {
  it('takes a folder with all it holds, links and hidden files and empty folders too, in order of code units', async () => {
    const folder = await folderOf(APP);
    const entries = await entriesOf(folder, 'contents: [{ src: build/Hello.app }]\n');
    expect([...entries.keys()]).toEqual([
      'Hello.app',
      'Hello.app/Contents',
      'Hello.app/Contents/.hidden',
      'Hello.app/Contents/Empty',
      'Hello.app/Contents/Frameworks',
      'Hello.app/Contents/Frameworks/F.framework',
      'Hello.app/Contents/Frameworks/F.framework/F',
      'Hello.app/Contents/Frameworks/F.framework/Versions',
      'Hello.app/Contents/Frameworks/F.framework/Versions/A',
      'Hello.app/Contents/Frameworks/F.framework/Versions/A/F',
      'Hello.app/Contents/Frameworks/F.framework/Versions/Current',
      'Hello.app/Contents/Info.plist',
      'Hello.app/Contents/MacOS',
      'Hello.app/Contents/MacOS/hello',
    ]);
    expect(entries.get('Hello.app/Contents/Frameworks/F.framework/F')).toMatchObject({
      type: 'symlink',
      target: 'Versions/Current/F',
      mode: 0o755,
    });
    expect(entries.get('Hello.app/Contents/MacOS/hello')).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
    expect(entries.get('Hello.app/Contents/Info.plist')).toMatchObject({ mode: 0o644 });
    expect(entries.get('Hello.app/Contents/Empty')).toMatchObject({ type: 'folder', mode: 0o755 });
    expect(await textOf(entries.get('Hello.app/Contents/Info.plist'))).toBe('<plist/>');
  });

  it('keeps the path behind the fixed part of a glob, and leaves out what exclude names', async () => {
    const folder = await folderOf(APP);
    expect(await paths(folder, 'contents: [{ src: "docs/**/*.md", dst: Docs/, exclude: ["**/draft*"] }]\n')).toEqual([
      'Docs',
      'Docs/a.md',
      'Docs/deep',
      'Docs/deep/b.md',
    ]);
    expect(await paths(folder, 'contents: [{ src: "docs/*" }]\n')).toEqual(['a.md', 'c.txt', 'deep', 'deep/b.md', 'deep/draft-b.md']);
    expect(await paths(folder, 'contents: [{ src: "docs/*", exclude: ["deep/draft*"] }]\n')).toEqual([
      'a.md',
      'c.txt',
      'deep',
      'deep/b.md',
    ]);
    expect(await paths(folder, 'contents: [{ src: "build/*.app", exclude: ["**/Contents/[!M]*"] }]\n')).toEqual([
      'Hello.app',
      'Hello.app/Contents',
      'Hello.app/Contents/MacOS',
      'Hello.app/Contents/MacOS/hello',
    ]);
  });

  it('excludes below a folder: a folder that is left out goes with what it holds', async () => {
    const folder = await folderOf(APP);
    expect(await paths(folder, 'contents: [{ src: docs, exclude: [deep] }]\n')).toEqual(['docs', 'docs/a.md', 'docs/c.txt']);
  });

  it('follows the rules of dst', async () => {
    const folder = await folderOf({ 'a.txt': 'a', 'stage/x/y': 'y', 'stage/z': 'z' });
    const text = `contents:
  - { src: a.txt }
  - { src: a.txt, dst: In/ }
  - { src: a.txt, dst: In/other.txt }
  - { src: stage, dst: Renamed }
  - { src: stage, dst: In/ }
  - { src: stage, dst: . }
  - { type: link, target: /Applications, dst: Applications }
  - { type: dir, dst: Empty/Deep, mode: "0700" }
`;
    const entries = await entriesOf(folder, text);
    expect([...entries.keys()]).toEqual([
      'Applications',
      'Empty',
      'Empty/Deep',
      'In',
      'In/a.txt',
      'In/other.txt',
      'In/stage',
      'In/stage/x',
      'In/stage/x/y',
      'In/stage/z',
      'Renamed',
      'Renamed/x',
      'Renamed/x/y',
      'Renamed/z',
      'a.txt',
      'x',
      'x/y',
      'z',
    ]);
    expect(entries.get('Applications')).toMatchObject({ type: 'symlink', target: '/Applications' });
    expect(entries.get('Empty/Deep')).toMatchObject({ type: 'folder', mode: 0o700 });
    expect(entries.get('Empty')).toMatchObject({ mode: 0o755 });
  });

  it('names the root as the volume, and finds a child by name', async () => {
    const folder = await folderOf({ a: 'x' });
    const { root } = await treeFrom(folder, 'contents: [{ src: a }]\n');
    expect(root.name).toBe('Hello 1.0');
    expect(await root.child!('a')).toMatchObject({ name: 'a', type: 'file' });
    expect(await root.child!('b')).toBeUndefined();
  });

  it('merges folders, and refuses two things in one place', async () => {
    const folder = await folderOf({ 'p/D/a': '1', 'q/D/b': '2', 'q/D/a': '3' });
    expect(await paths(folder, 'contents: [{ src: p/D }, { src: q/D/b, dst: D/ }]\n')).toEqual(['D', 'D/a', 'D/b']);
    const error = await failure(treeFrom(folder, 'contents:\n  - { src: p/D }\n  - { src: q/D }\n'));
    expect(error).toMatchObject({ code: 'E_MANIFEST', line: 5, message: 'D/a is given twice' });
    expect(error.hint).toContain('line 4');
    expect(await faultsOf(treeFrom(folder, 'contents:\n  - { type: link, target: x, dst: D }\n  - { src: q/D/b, dst: D/ }\n'))).toEqual([
      '5:24 D: "D" is no folder but a symlink',
    ]);
  });

  it('applies mode, owner and time to all an item brings', async () => {
    const folder = await folderOf(APP);
    const entries = await entriesOf(folder, 'contents: [{ src: docs, mode: "0640", uid: 5, gid: 6, mtime: 2020-01-01 }]\n');
    const time = 1577836800;
    expect(entries.get('docs/a.md')).toMatchObject({
      mode: 0o640,
      uid: 5,
      gid: 6,
      times: { created: time, modified: time, changed: time, accessed: time },
    });
    expect(entries.get('docs/deep')).toMatchObject({ type: 'folder', mode: 0o750, uid: 5, gid: 6, times: { modified: time } });
  });

  it('sets every time when the manifest has one, and keeps those of the sources when not', async () => {
    const folder = await folderOf({ 'd/a': 'x' });
    utimesSync(join(folder, 'd/a'), 1000, 2000.5);
    const set = await treeFrom(folder, 'mtime: 86400\ncontents: [{ src: d }, { type: link, target: d, dst: Other/l }]\n');
    const times = { created: 86400, modified: 86400, changed: 86400, accessed: 86400 };
    expect(set.root.times).toEqual(times);
    for await (const { entry } of walk(set.root)) expect(entry.times).toEqual(times);
    const kept = await entriesOf(folder, 'contents: [{ src: d/a, dst: Other/ }]\n');
    expect(kept.get('Other/a')!.times).toEqual({ created: 2000.5, modified: 2000.5, changed: 2000.5, accessed: 2000.5 });
    expect(kept.get('Other')!.times.modified).toBe(2000.5);
  });

  it('reads the execute bit from the file itself where the system has none', async () => {
    const macho = new Uint8Array([0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1]);
    const universal = new Uint8Array([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]);
    const javaClass = new Uint8Array([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61]);
    const folder = await folderOf({
      'd/macho': macho,
      'd/universal': universal,
      'd/A.class': javaClass,
      'd/script': '#!/bin/sh\n',
      'd/text': { text: 'x', mode: 0o755 },
      'd/short': '#',
    });
    const entries = await entriesOf(folder, 'contents: [{ src: d }]\n', {}, { ...host, platform: 'win32' });
    const modes = Object.fromEntries([...entries].map(([path, { mode }]) => [path, mode.toString(8)]));
    expect(modes).toEqual({
      d: '755',
      'd/macho': '755',
      'd/universal': '755',
      'd/A.class': '644',
      'd/script': '755',
      'd/text': '644',
      'd/short': '644',
    });
  });

  it('keeps hard links together, but not where the manifest tells them apart', async () => {
    const folder = await folderOf({ 'd/a': 'x', 'd/lone': 'y' });
    linkSync(join(folder, 'd/a'), join(folder, 'd/b'));
    linkSync(join(folder, 'd/a'), join(folder, 'e'));
    linkSync(join(folder, 'd/lone'), join(folder, 'outside-of-the-image'));
    const group = async (text: string): Promise<unknown[]> =>
      [...(await entriesOf(folder, text)).values()].filter((entry) => entry.type === 'file').map((entry) => entry.linkGroup);
    expect(await group('contents: [{ src: d }, { src: e }]\n')).toEqual(['link-1', 'link-1', undefined, 'link-1']);
    expect(await group('contents: [{ src: d }, { src: e, mode: "0600" }]\n')).toEqual(['link-1', 'link-1', undefined, undefined]);
  });

  it('never takes the image that it is about to write', async () => {
    const folder = await folderOf({ 'a/x': 'x', 'a/Hello.dmg': 'old' });
    expect(await paths(folder, 'output: a/Hello.dmg\ncontents: [{ src: a }]\n')).toEqual(['a', 'a/x']);
    expect(await paths(folder, 'output: a/Hello.dmg\ncontents: [{ src: "a/*" }]\n')).toEqual(['x']);
    const other = await entriesOf(folder, 'contents: [{ src: a }]\n', {}, { ...host, outputs: [join(folder, 'a/Hello.dmg')] });
    expect([...other.keys()]).toEqual(['a', 'a/x']);
  });

  it('takes a name literally when it exists, though it looks like a glob', async () => {
    const folder = await folderOf({
      '[a]': '1',
      a: '2',
      'docs [old]/x{1}.md': 'x',
      'docs [old]/sub/keep': 'k',
      'docs [old]/sub/drop': 'd',
    });
    expect(await paths(folder, 'contents: [{ src: "[a]" }]\n')).toEqual(['[a]']);
    expect(await paths(folder, 'contents: [{ src: "docs [old]", exclude: ["**/drop"] }]\n')).toEqual([
      'docs [old]',
      'docs [old]/sub',
      'docs [old]/sub/keep',
      'docs [old]/x{1}.md',
    ]);
    expect(await paths(folder, 'contents: [{ src: "docs*", exclude: ["**/drop"] }]\n')).toEqual([
      'docs [old]',
      'docs [old]/sub',
      'docs [old]/sub/keep',
      'docs [old]/x{1}.md',
    ]);
  });

  it('lists many files quickly and in modest memory; 100,000 with DISKSEAL_SLOW=1', { timeout: 120_000 }, async () => {
    const folders = process.env['DISKSEAL_SLOW'] ? 100 : 10;
    const folder = await folderOf({});
    for (let one = 0; one < folders; one++) {
      mkdirSync(join(folder, `${one}`));
      for (let file = 0; file < 1000; file++) writeFileSync(join(folder, `${one}/file-${file}`), '');
    }
    const before = process.memoryUsage().heapUsed;
    const started = performance.now();
    const tree = await treeFrom(folder, 'contents: [{ src: ., dst: . }]\n');
    const elapsed = performance.now() - started;
    let files = 0;
    for await (const { entry } of walk(tree.root)) if (entry.type === 'file') files++;
    expect(files).toBe(folders * 1000);
    // Two seconds for 100,000 on a machine of its own; this one may be busy.
    expect(elapsed).toBeLessThan(folders * 100);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 << 20);
  });
});

describe('refused', () => {
  it.each([
    ['{ src: a, dst: /abs }', '"dst" is absolute'],
    ['{ src: a, dst: x/../y }', '"dst" leaves the volume'],
    ['{ src: a, dst: x//y }', '"dst" has an empty part'],
    ['{ src: a, dst: "x\\\\y" }', '"dst" has a backslash'],
    ['{ src: a, dst: . }', 'only a folder can be the volume itself'],
    ['{ src: /etc/hostname }', '"src" is an absolute path'],
    ['{ src: ../x }', '../x: there is no such file'],
    ['{ src: .. , dst: X }', '.. lies outside the manifest’s folder'],
    ['{ src: "../*", dst: X }', '../* lies outside the manifest’s folder'],
    ['{ src: "l/*" }', 'l/* lies outside the manifest’s folder'],
    ['{ src: l/x }', 'l/x: there is no such file'],
    ['{ src: nothing }', 'nothing: there is no such file or folder'],
    ['{ src: "*.none" }', '*.none matches nothing'],
    ['{ src: "none/*.x" }', 'none/*.x: there is no folder none'],
    ['{ src: . }', '. has no name of its own'],
    ['{ src: a, type: dir }', '"src" is a file, not a folder'],
    ['{ src: pipe }', 'is a pipe (FIFO) and cannot be in an image'],
    ['{ src: a, finder: { type: "TEXT\\u00e9" } }', 'a type has four characters'],
    ['{ type: dir, dst: d, finder: { type: TEXT } }', 'only files have a type and a creator'],
    ['{ src: a, xattrs: { com.apple.FinderInfo: { hex: "00" } } }', 'has 1 bytes, not 32'],
    ['{ src: a, xattrs: { x: { file: none } } }', 'none: there is no such file'],
    ['{ src: a, xattrs: { x: { file: ../none } } }', '../none lies outside'],
    ['{ type: dir, dst: d, xattrs: { com.apple.ResourceFork: x } }', 'only a file has a resource fork'],
    ['{ src: a, xattrs: { x: { hex: abc } } }', 'not an even number of hexadecimal digits'],
  ])('%s', async (item, message) => {
    const folder = await folderOf({ 'in/a': 'x', 'in/l': { link: '..' }, other: 'y' });
    execFileSync('mkfifo', [join(folder, 'in/pipe')]);
    const faults = await faultsOf(treeFrom(join(folder, 'in'), `contents:\n  - ${item}\n`));
    expect(faults).toEqual([expect.stringContaining(message)]);
    expect(faults[0]).toMatch(/^4:\d+ /);
  });

  it('a socket inside a folder, by its path', async () => {
    const folder = await folderOf({ 'd/a': 'x' });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'd/sock'), resolve));
    try {
      expect(await faultsOf(treeFrom(folder, 'contents: [{ src: d }]\n'))).toEqual([
        `3:19 ${join(folder, 'd/sock')} is a socket and cannot be in an image`,
      ]);
    } finally {
      server.close();
    }
  });

  it('several faults of several items in one run', async () => {
    const folder = await folderOf({ a: 'x' });
    expect(
      await faultsOf(treeFrom(folder, 'contents:\n  - { src: none }\n  - { src: a }\n  - { src: a, dst: /x }\n  - { src: "*.q" }\n')),
    ).toHaveLength(3);
  });

  it.each([
    ['README', 'readme', 'upper and lower case'],
    ['caf\u00e9', 'cafe\u0301', 'how accents are encoded'],
    ['\u03a3', '\u03c3', 'upper and lower case'],
  ])('%j beside %j', async (one, other, reason) => {
    const folder = await folderOf({ [`d/${one}`]: '1', [`d/${other}`]: '2' });
    expect((await failure(treeFrom(folder, 'contents: [{ src: d }]\n'))).message).toContain(reason);
  });

  it('nothing that differs in case on a volume that tells case apart', async () => {
    const folder = await folderOf({ 'd/A': '1', 'd/a': '2', 'd/\u00e9': '3' });
    expect(await paths(folder, 'volume: { filesystem: HFSX }\ncontents: [{ src: d }]\n')).toEqual(['d', 'd/A', 'd/a', 'd/\u00e9']);
    writeFileSync(join(folder, 'd/e\u0301'), '4');
    expect((await failure(treeFrom(folder, 'volume: { filesystem: HFSX }\ncontents: [{ src: d }]\n'))).message).toContain('accents');
  });

  it('a source outside, unless that is allowed; a link to the outside stays a link', async () => {
    const folder = await folderOf({ 'in/l': { link: '../other' }, other: 'y' });
    const entries = await entriesOf(join(folder, 'in'), 'contents: [{ src: ../other }, { src: l }]\n', { allowOutside: true });
    expect(await textOf(entries.get('other'))).toBe('y');
    expect(entries.get('l')).toMatchObject({ type: 'symlink', target: '../other' });
  });

  it('a folder that is reached through a link to the outside', async () => {
    const folder = await folderOf({ 'out/x': 'x', 'in/real/y': 'y' });
    symlinkSync(join(folder, 'out'), join(folder, 'in/l'));
    expect(await faultsOf(treeFrom(join(folder, 'in'), 'contents: [{ src: l/x }]\n'))).toEqual([
      '3:19 l/x lies outside the manifest’s folder',
    ]);
  });

  it('a source that changes before it is read', async () => {
    const folder = await folderOf({ a: 'x' });
    const { root } = await treeFrom(folder, 'contents: [{ src: a }]\n');
    writeFileSync(join(folder, 'b'), 'longer');
    renameSync(join(folder, 'b'), join(folder, 'a'));
    expect((await failure(textOf(await root.child!('a')))).code).toBe('E_CHANGED');
  });
});

describe('attributes', () => {
  const read = async (disk: { size: number; read(at: number, length: number): Promise<Uint8Array> } | undefined): Promise<string> =>
    Buffer.from(await disk!.read(0, disk!.size)).toString('latin1');

  it('come from the manifest: texts, hex, base64, files, Finder names', async () => {
    const folder = await folderOf({ a: 'x', value: 'from a file' });
    const text =
      'contents:\n  - { src: a, xattrs: { t: text, h: { hex: 00ff }, b: { base64: aGk= }, f: { file: value }, com.apple.ResourceFork: { hex: "0102" } }, finder: { type: TEXT, creator: ttxt, flags: [invisible, nameLocked], label: 2 } }\n';
    const entry = (await entriesOf(folder, text)).get('a')!;
    const values = await Promise.all([...entry.xattrs!].map(async ([name, value]) => [name, await read(value)]));
    expect(Object.fromEntries(values)).toEqual({ t: 'text', h: '\x00\xff', b: 'hi', f: 'from a file' });
    expect(Buffer.from(entry.finderInfo!).toString('latin1')).toBe(`TEXTttxt\x50\x04${'\0'.repeat(22)}`);
    expect(entry.type === 'file' && (await read(entry.resourceFork))).toBe('\x01\x02');
  });

  it('belong to the item itself and not to what is in it', async () => {
    const folder = await folderOf(APP);
    const entries = await entriesOf(folder, 'contents: [{ src: docs, finder: { flags: [hasBundle] }, xattrs: { k: v } }]\n');
    expect(entries.get('docs')!.finderInfo![8]).toBe(0x20);
    expect([...entries].filter(([, entry]) => entry.xattrs || entry.finderInfo).map(([path]) => path)).toEqual(['docs']);
  });

  const double = async (): Promise<Uint8Array> => {
    const finderInfo = new Uint8Array(32);
    finderInfo.set(Buffer.from('TEXTttxt'));
    const disk = writeAppleDouble({
      finderInfo,
      resourceFork: bytesDisk(Buffer.from('fork')),
      xattrs: new Map([['k', bytesDisk(Buffer.from('v'))]]),
    });
    return disk.read(0, disk.size);
  };

  it('come from an AppleDouble file, and the manifest has the last word', async () => {
    const folder = await folderOf({ 'd/a': 'x', 'd/._a': await double(), 'd/._lone': await double(), 'd/._text': 'no', 'd/text': 'x' });
    const entries = await entriesOf(folder, 'contents: [{ src: d }]\n');
    expect([...entries.keys()]).toEqual(['d', 'd/._lone', 'd/._text', 'd/a', 'd/text']);
    const entry = entries.get('d/a')!;
    expect(Buffer.from(entry.finderInfo!.subarray(0, 8)).toString()).toBe('TEXTttxt');
    expect(await read(entry.xattrs!.get('k'))).toBe('v');
    expect(entry.type === 'file' && (await read(entry.resourceFork))).toBe('fork');
    const one = await entriesOf(folder, 'contents: [{ src: "d/{,._}a", xattrs: { k: mine }, finder: { flags: [invisible] } }]\n');
    expect([...one.keys()]).toEqual(['a']);
    expect(await read(one.get('a')!.xattrs!.get('k'))).toBe('mine');
    expect(Buffer.from(one.get('a')!.finderInfo!.subarray(0, 10)).toString('latin1')).toBe('TEXTttxt\x40\x00');
    expect(await paths(folder, 'appleDouble: false\ncontents: [{ src: d }]\n')).toContain('d/._a');
  });

  it('of a damaged AppleDouble file are refused', async () => {
    const folder = await folderOf({ 'd/a': 'x', 'd/._a': (await double()).subarray(0, 90) });
    expect((await failure(treeFrom(folder, 'contents: [{ src: d }]\n'))).message).toContain('._a: not a sound AppleDouble file');
  });

  it('of the host are read when asked for', async () => {
    const folder = await folderOf({ 'd/a': 'x', 'd/odd =\\\n\u00e9': 'y', 'd/plain': 'z' });
    const set = (path: string, name: string, value: string): number | null =>
      spawnSync('setfattr', ['-n', name, '-v', value, join(folder, path)]).status;
    if (set('d/a', 'user.k', '0x00ff41') !== 0) {
      console.warn('setfattr is not installed or this filesystem has no attributes: the host’s attributes are not tested');
      return;
    }
    set('d/a', 'user.empty', '');
    set('d/a', 'user.com.apple.quarantine', '0x01');
    set('d/a', 'user.com.apple.FinderInfo', `0x54455854${'00'.repeat(28)}`);
    set('d/odd =\\\n\u00e9', 'user.n=\u00e9', '0x42');
    set('d', 'user.on-folder', '0x43');
    const plain = await entriesOf(folder, 'contents: [{ src: d }]\n');
    expect([...plain.values()].every((entry) => !entry.xattrs && !entry.finderInfo)).toBe(true);
    const entries = await entriesOf(folder, 'hostAttributes: true\ncontents: [{ src: d }]\n');
    expect([...entries.get('d/a')!.xattrs!.keys()].sort()).toEqual(['empty', 'k']);
    expect(await read(entries.get('d/a')!.xattrs!.get('k'))).toBe('\x00\xffA');
    expect(entries.get('d/a')!.xattrs!.get('empty')!.size).toBe(0);
    expect(entries.get('d/a')!.finderInfo![0]).toBe(0x54);
    expect(await read(entries.get('d/odd =\\\n\u00e9')!.xattrs!.get('n=\u00e9'))).toBe('B');
    expect(await read(entries.get('d')!.xattrs!.get('on-folder'))).toBe('C');
    expect(entries.get('d/plain')!.xattrs).toBeUndefined();
  });

  it('of the host are refused where no tool can read them', async () => {
    const folder = await folderOf({ a: 'x' });
    const error = await failure(treeFrom(folder, 'hostAttributes: true\ncontents: [{ src: a }]\n', {}, { ...host, platform: 'win32' }));
    expect(error).toMatchObject({ line: 3, column: 17 });
  });
});
