import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesDisk, type Disk, joinDisks, opaqueDisk, zerosDisk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import type { Entry, File, FileTree, Folder, SymbolicLink } from '../../src/core/file-tree.ts';
import { readAppleDouble } from '../../src/formats/finder/apple-double.ts';
import { type ExtractOptions, extract } from '../../src/mount/extract.ts';
import type { WriteReport } from '../../src/mount/write-tree.ts';
import type { VerifiedTree } from '../../src/verify/verified-tree.ts';
import { canMount, hasAttributes, onSmallDisk } from '../support/host-powers.ts';

const TIME = 1_700_000_000;
let place: string;
let out: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'diskseal-extract-'));
  out = join(place, 'out');
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const about = (name: string, mode: number) => ({ name, mode, uid: 0, gid: 0, times: { modified: TIME } });

function file(name: string, content: string | Uint8Array | Disk, more: Partial<File> = {}): File {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { ...about(name, 0o644), type: 'file', content: bytes instanceof Uint8Array ? bytesDisk(bytes) : bytes, ...more };
}

function link(name: string, target: string): SymbolicLink {
  return { ...about(name, 0o755), type: 'symlink', target };
}

function folder(name: string, entries: Entry[], more: Partial<Folder> = {}): Folder {
  return {
    ...about(name, 0o755),
    type: 'folder',
    async *children() {
      yield* entries;
    },
    ...more,
  };
}

function tree(...entries: Entry[]): VerifiedTree {
  const made: FileTree = { root: folder('Volume', entries) };
  return made as VerifiedTree;
}

async function refused(given: VerifiedTree, options: ExtractOptions & { paths?: string[]; to?: string } = {}): Promise<DisksealError> {
  const { paths = [], to = out, ...rest } = options;
  const error = await extract(given, paths, to, rest).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DisksealError);
  return error as DisksealError;
}

/** Nothing but what was there before, not even a temporary folder. */
const left = (): string[] => readdirSync(place);

describe('what is written', () => {
  it('keeps contents, modes, times, symbolic and hard links', async () => {
    const shared = file('first', 'one file', { linkGroup: 'g', mode: 0o640 });
    const report = await extract(
      tree(
        folder('Hello.app', [
          folder('Contents', [file('run', '#!/bin/sh\n', { mode: 0o755 }), file('empty', '')], {
            mode: 0o555,
            times: { modified: TIME + 5, accessed: TIME + 9 },
          }),
          link('away', '/Applications'),
          link('dangling', 'no/such/thing'),
        ]),
        shared,
        { ...shared, name: 'second' },
        file('read only', 'x', { mode: 0o400 }),
      ),
      [],
      out,
    );
    expect(readFileSync(join(out, 'Hello.app/Contents/run'), 'utf8')).toBe('#!/bin/sh\n');
    expect(statSync(join(out, 'Hello.app/Contents')).mode & 0o7777).toBe(0o555);
    expect(statSync(join(out, 'Hello.app/Contents')).mtimeMs).toBe((TIME + 5) * 1000);
    expect(statSync(join(out, 'Hello.app/Contents/run')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(out, 'Hello.app/Contents/run')).mtimeMs).toBe(TIME * 1000);
    expect(statSync(join(out, 'Hello.app')).mtimeMs).toBe(TIME * 1000);
    expect(statSync(join(out, 'read only')).mode & 0o7777).toBe(0o400);
    expect(readlinkSync(join(out, 'Hello.app/away'))).toBe('/Applications');
    expect(lstatSync(join(out, 'Hello.app/away')).mtimeMs).toBe(TIME * 1000);
    expect(statSync(join(out, 'first')).ino).toBe(statSync(join(out, 'second')).ino);
    expect(statSync(join(out, 'first')).nlink).toBe(2);
    expect(report).toMatchObject({ files: 4, folders: 2, symlinks: 2, hardLinks: 1, bytes: 10 + 8 + 1 });
    expect(left()).toEqual(['out']);
    chmodSync(join(out, 'Hello.app/Contents'), 0o755);
  });

  it('drops setuid, setgid and sticky bits unless they are asked for, and counts them', async () => {
    const given = (): VerifiedTree => tree(file('tool', 'x', { mode: 0o6755 }), folder('spool', [], { mode: 0o1777 }));
    const report = await extract(given(), [], out);
    expect(statSync(join(out, 'tool')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(out, 'spool')).mode & 0o7777).toBe(0o777);
    expect(report.dropped.specialModes).toBe(2);
    const kept = await extract(given(), [], join(place, 'kept'), { specialModes: true });
    expect(statSync(join(place, 'kept/tool')).mode & 0o7777).toBe(0o6755);
    expect(kept.dropped.specialModes).toBe(0);
  });

  it('writes only what is named, with the folders that lead there', async () => {
    const given = tree(
      folder('Docs', [file('a.md', 'a'), file('b.md', 'b'), folder('deep', [file('c.md', 'c')])], { mode: 0o750 }),
      file('other', 'x'),
    );
    const report = await extract(given, ['/Docs/deep/', 'Docs/a.md', 'Docs/deep/c.md'], out);
    expect(readdirSync(out)).toEqual(['Docs']);
    expect(readdirSync(join(out, 'Docs')).sort()).toEqual(['a.md', 'deep']);
    expect(statSync(join(out, 'Docs')).mode & 0o777).toBe(0o750);
    expect(report).toMatchObject({ files: 2, folders: 2 });
  });

  it('writes an image of many pieces exactly, several files at once', async () => {
    const contents = Array.from({ length: 30 }, (_, index) => randomBytes(index * 200_003));
    await extract(tree(...contents.map((content, index) => file(`f${index}`, new Uint8Array(content)))), [], out);
    for (const [index, content] of contents.entries()) expect(readFileSync(join(out, `f${index}`)).equals(content)).toBe(true);
  });

  it('makes holes of zeros: a file of 1 TiB takes no room and no time', async () => {
    const huge = joinDisks([bytesDisk(Uint8Array.of(1)), zerosDisk(2 ** 40), bytesDisk(Uint8Array.of(2))]);
    // What only `read` knows is read; whole pieces of zeros become holes all the same.
    const opaque = opaqueDisk(64 << 20, async (_position, into) => void into.fill(0));
    await extract(tree(file('huge', huge), file('opaque', opaque)), [], out);
    const stat = statSync(join(out, 'huge'));
    expect(stat.size).toBe(2 ** 40 + 2);
    expect(stat.blocks).toBeLessThan(64);
    expect(statSync(join(out, 'opaque'))).toMatchObject({ size: 64 << 20 });
    expect(statSync(join(out, 'opaque')).blocks).toBeLessThan(64);
  });

  it('keeps memory bounded by a few pieces, whatever a file claims to have', async () => {
    let largest = 0;
    const content = opaqueDisk(200 << 20, async (_position, into) => {
      largest = Math.max(largest, into.length);
    });
    await extract(tree(file('claims', content)), [], out);
    expect(largest).toBe(1 << 20);
  });

  it('replaces an empty folder and keeps its mode', async () => {
    mkdirSync(out, { mode: 0o700 });
    await extract(tree(file('a', 'a')), [], out);
    expect(readdirSync(out)).toEqual(['a']);
    expect(statSync(out).mode & 0o777).toBe(0o700);
  });
});

describe('attributes', () => {
  const finderInfo = Uint8Array.from({ length: 32 }, (_, index) => index);
  const rich = (name = 'rich'): File =>
    file(name, 'x', {
      mode: 0o444,
      finderInfo,
      resourceFork: bytesDisk(new Uint8Array(300).fill(7)),
      xattrs: new Map([
        ['com.example.note', bytesDisk(new TextEncoder().encode('hello\0\n=world'))],
        ['com.example.large', zerosDisk(70_000)],
        ['com.apple.quarantine', bytesDisk(Uint8Array.of(1))],
      ]),
    });

  it.skipIf(!hasAttributes)('keeps what the host can hold and counts the rest', async () => {
    const odd = 'odd = \\ \n name';
    const report = await extract(tree(folder('d', [rich(odd)], { mode: 0o555 })), [], out);
    const shown = spawnSync('getfattr', ['-e', 'base64', '-n', 'user.com.example.note', '--only-values', join(out, 'd', odd)]);
    expect(shown.stdout.toString('latin1')).toBe('hello\0\n=world');
    expect(statSync(join(out, 'd', odd)).mode & 0o777).toBe(0o444);
    expect(statSync(join(out, 'd', odd)).mtimeMs).toBe(TIME * 1000);
    expect(report.dropped).toMatchObject({ attributes: 2, finderInfo: 1, resourceForks: 1 });
    chmodSync(join(out, 'd'), 0o755);
  });

  it('writes ._ files on request, and drops nothing then', async () => {
    const report = await extract(tree(rich(), file('plain', 'x')), [], out, { appleDouble: true });
    expect(readdirSync(out).sort()).toEqual(['._rich', 'plain', 'rich']);
    const found = await readAppleDouble(bytesDisk(new Uint8Array(readFileSync(join(out, '._rich')))));
    expect(found.finderInfo).toEqual(finderInfo);
    expect(found.resourceFork?.size).toBe(300);
    expect([...found.xattrs.keys()].sort()).toEqual(['com.apple.quarantine', 'com.example.large', 'com.example.note']);
    expect(report).toMatchObject({ appleDoubles: 1, dropped: { attributes: 0, finderInfo: 0, resourceForks: 0 } });
  });
});

describe('what is refused, leaving nothing behind', () => {
  it.each(['..', '.', '', 'a/b', '../../etc/passwd', '/etc/passwd', 'nul\0byte'])('a file called %j', async (name) => {
    const error = await refused(tree(file('fine', 'x'), folder('sub', [file(name, 'evil')])));
    expect(error.code).toBe('E_UNSUPPORTED');
    expect(left()).toEqual([]);
  });

  it.each(['..', 'a/b'])('a folder or link called %j', async (name) => {
    expect((await refused(tree(folder(name, [file('x', 'x')])))).code).toBe('E_UNSUPPORTED');
    expect((await refused(tree(link(name, '/tmp')))).code).toBe('E_UNSUPPORTED');
    expect(left()).toEqual([]);
  });

  it('a symbolic link and a folder of one name, in either order', async () => {
    const victim = join(place, 'victim');
    mkdirSync(victim);
    for (const entries of [
      [link('a', victim), folder('a', [file('x', 'evil')])],
      [folder('a', [file('x', 'evil')]), link('a', victim)],
      [link('a', join(victim, 'x')), file('a', 'evil')],
      [file('a', 'evil'), link('a', join(victim, 'x'))],
    ]) {
      expect((await refused(tree(...entries))).code).toBe('E_EXISTS');
      expect(readdirSync(victim)).toEqual([]);
    }
    expect(left()).toEqual(['victim']);
  });

  it('a file below something that is no folder', async () => {
    const odd = { ...folder('a', [file('x', 'evil')]), name: 'a' };
    const root: Folder = {
      ...folder('v', []),
      async *children() {
        yield file('a', 'plain');
        yield odd;
      },
    };
    expect((await refused({ root } as VerifiedTree)).code).toBe('E_EXISTS');
    expect(left()).toEqual([]);
  });

  it('two files of one name', async () => {
    expect((await refused(tree(file('a', '1'), file('a', '2')))).code).toBe('E_EXISTS');
    expect(left()).toEqual([]);
  });

  it('names that the host does not tell apart, both named', async () => {
    const error = await refused(tree(file('ReadMe', '1'), file('README', '2')), { folding: true });
    expect(error).toMatchObject({ code: 'E_EXISTS', message: expect.stringMatching(/README.*ReadMe/) });
    expect((await refused(tree(file('\u00e9', '1'), file('e\u0301', '2')), { folding: true })).code).toBe('E_EXISTS');
    await extract(tree(file('ReadMe', '1'), file('README', '2')), [], out, { folding: false });
    expect(left()).toEqual(['out']);
  });

  it.each(['CON', 'nul.txt', 'com1', 'LPT9.log', 'a:b', 'c:', 'back\\slash', 'star*', 'end.', 'end ', 'AUX .txt'])(
    '%j on Windows',
    async (name) => {
      expect((await refused(tree(file(name, 'x')), { system: 'win32' })).code).toBe('E_UNSUPPORTED');
    },
  );

  it('a path that is not in the image, one through a link, one with ".."', async () => {
    const given = tree(folder('real', [file('x', 'x')]), link('way', 'real'));
    expect((await refused(given, { paths: ['real/y'] })).code).toBe('E_NOT_FOUND');
    expect(await refused(given, { paths: ['way/x'] })).toMatchObject({
      code: 'E_NOT_FOUND',
      hint: expect.stringContaining('not followed'),
    });
    expect((await refused(given, { paths: ['../x'] })).code).toBe('E_USAGE');
    expect(left()).toEqual([]);
  });

  it('a destination that holds something, is a file, or is a link', async () => {
    mkdirSync(out);
    writeFileSync(join(out, 'mine'), 'precious');
    expect((await refused(tree(file('a', 'a')))).code).toBe('E_EXISTS');
    expect(readdirSync(out)).toEqual(['mine']);
    expect((await refused(tree(file('a', 'a')), { to: join(out, 'mine') })).code).toBe('E_EXISTS');
    expect(readFileSync(join(out, 'mine'), 'utf8')).toBe('precious');
    mkdirSync(join(place, 'empty'));
    symlinkSync(join(place, 'empty'), join(place, 'way'));
    expect((await refused(tree(file('a', 'a')), { to: join(place, 'way') })).code).toBe('E_EXISTS');
    expect((await refused(tree(file('a', 'a')), { to: join(place, 'no/such/parent') })).code).toBe('E_NOT_FOUND');
    expect(left().sort()).toEqual(['empty', 'out', 'way']);
  });

  it('a parent that everybody may write to, unless it is sticky', async () => {
    const open = join(place, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    expect((await refused(tree(file('a', 'a')), { to: join(open, 'out') })).code).toBe('E_WRITE');
    mkdirSync(join(open, 'mine'));
    expect((await refused(tree(file('a', 'a')), { to: join(open, 'mine/out') })).code).toBe('E_WRITE');
    chmodSync(open, 0o1777);
    await extract(tree(file('a', 'a')), [], join(open, 'out'));
    expect(readFileSync(join(open, 'out/a'), 'utf8')).toBe('a');
  });

  it('a tree nested without end', async () => {
    const endless = (): Folder => ({
      ...folder('d', []),
      async *children() {
        yield endless();
      },
    });
    expect((await refused({ root: endless() } as VerifiedTree)).code).toBe('E_UNSUPPORTED');
    expect(left()).toEqual([]);
  });

  it('content that fails while it is read, in a file that is one of many', async () => {
    const bad = opaqueDisk(10 << 20, async (position, into) => {
      if (position > 5 << 20) throw new DisksealError('E_TAMPERED', 'these bytes are not what was signed', { offset: position });
      into.fill(1);
    });
    const given = tree(
      ...Array.from({ length: 20 }, (_, index) => file(`f${index}`, new Uint8Array(300_000))),
      folder('ro', [file('bad', bad)], { mode: 0o555 }),
    );
    expect(await refused(given)).toMatchObject({ code: 'E_TAMPERED', field: 'ro/bad' });
    expect(left()).toEqual([]);
  });

  it.skipIf(!canMount)('a full disk', async () => {
    await onSmallDisk('2m', async (disk) => {
      const error = await refused(tree(file('large', new Uint8Array(5 << 20).fill(1))), { to: join(disk, 'out') });
      expect(error).toMatchObject({ code: 'E_WRITE', message: expect.stringContaining('no space') });
      expect(readdirSync(disk)).toEqual([]);
    });
  });
});

it('keeps its temporary folder where a signal handler finds it, closed to others', async () => {
  const unfinished = new Set<string>();
  const seen: { mode: number; names: string[] }[] = [];
  let report: WriteReport | undefined;
  await extract(tree(file('a', 'a')), [], out, {
    unfinished,
    progress: (now) => {
      report = now;
      for (const path of unfinished) seen.push({ mode: statSync(path).mode & 0o777, names: readdirSync(place) });
    },
  });
  expect(seen[0]?.mode).toBe(0o700);
  expect(seen.some(({ names }) => names.includes('out'))).toBe(false);
  expect(report?.files).toBe(1);
  expect(unfinished.size).toBe(0);
  expect(existsSync(out)).toBe(true);
});
