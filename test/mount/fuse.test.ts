/** The FUSE protocol without a kernel: requests as bytes, answers as bytes. Layouts are those of linux/fuse.h, written down by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesDisk, opaqueDisk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { greet } from '../../src/mount/fuse/connection.ts';
import { type Answer, createFilesystem, type Filesystem } from '../../src/mount/fuse/filesystem.ts';
import { answerHeader, readRequest } from '../../src/mount/fuse/request.ts';
import { Attr, Opcode } from '../../src/mount/fuse/structs.ts';
import { parseMountTable } from '../../src/mount/mount-table.ts';
import type { VerifiedTree } from '../../src/verify/verified-tree.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s|\(.*?\)/g, ''), 'hex'));
const le = (value: number | bigint, bytes: number): string => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer.subarray(0, bytes).toString('hex');
};
const text = (value: string): string => Buffer.from(`${value}\0`).toString('hex');

function request(opcode: number, nodeid: number, body = ''): Uint8Array {
  const after = hex(body);
  const head = [le(40 + after.length, 4), le(opcode, 4), le(7, 8), le(nodeid, 8), le(0, 4), le(0, 4), le(99, 4), '00000000'].join('');
  return Buffer.concat([hex(head), after]);
}

const read = (nodeid: number, offset: number, size: number): Uint8Array =>
  request(Opcode.read, nodeid, `${le(0, 8)}${le(offset, 8)}${le(size, 4)}${le(0, 4)}${le(0, 8)}${le(0, 8)}`);
const readdir = (opcode: number, nodeid: number, offset: number, size: number): Uint8Array =>
  request(opcode, nodeid, `${le(0, 8)}${le(offset, 8)}${le(size, 4)}${le(0, 4)}${le(0, 8)}${le(0, 8)}`);

const faults: { error: DisksealError; path: string }[] = [];

function filesystem(): Filesystem {
  const shared = { linkGroup: 'inode 5' };
  const given = tree('v', [
    file('a.txt', 'hello'),
    folder('sub', [file('one', 'linked', shared), file('two', 'linked', shared)]),
    symlink('way', '/Applications'),
    file(
      'bad',
      opaqueDisk(9, () => Promise.reject(new DisksealError('E_TAMPERED', 'not what was signed', { offset: 65_536 }))),
    ),
    file('extra', 'x', {
      mode: 0o4755,
      times: { modified: -1.5 },
      xattrs: new Map([
        ['com.example.note', bytesDisk(new Uint8Array([1, 2, 3]))],
        ['com.apple.quarantine', bytesDisk(new Uint8Array(4))],
        ['large', bytesDisk(new Uint8Array(65_537))],
      ]),
      finderInfo: new Uint8Array(32).fill(1),
    }),
  ]) as VerifiedTree;
  faults.length = 0;
  const fault = (error: DisksealError, path: string): void => void faults.push({ error, path });
  return createFilesystem(given, { owner: { uid: 1000, gid: 100 }, bytes: 8192, files: 7, fault });
}

async function ask(fs: Filesystem, bytes: Uint8Array): Promise<Answer> {
  const parsed = readRequest(bytes);
  if (!parsed) throw new Error('no request');
  return fs.answer(parsed);
}

async function bytesOf(fs: Filesystem, bytes: Uint8Array): Promise<Buffer> {
  const answer = await ask(fs, bytes);
  if (!(answer instanceof Uint8Array)) throw new Error(`answered ${answer}`);
  return Buffer.from(answer);
}

const lookup = async (fs: Filesystem, name: string, parent = 1): Promise<number> =>
  Number((await bytesOf(fs, request(Opcode.lookup, parent, text(name)))).readBigUInt64LE(0));

describe('golden bytes', () => {
  it('FUSE_INIT of a 7.45 kernel', () => {
    const bytes = hex(`68000000 1a000000 0200000000000000 0000000000000000 00000000 00000000 00000000 00000000
      07000000 2d000000 00000200 fbffff73 fd050000 ${'00'.repeat(44)}`);
    const parsed = readRequest(bytes);
    expect(parsed).toMatchObject({ opcode: 26, unique: 2n, nodeid: 0 });
    expect(Buffer.from(greet(parsed!) as Uint8Array).toString('hex')).toBe(
      Buffer.from(
        hex(`07000000 1f000000 00000200 (asyncRead doReaddirplus noOpenSupport parallelDirops maxPages cacheSymlinks noOpendirSupport) 0120c601
          4000 3000 00100000 01000000 0001 0000 00000000 ${'00'.repeat(28)}`),
      ).toString('hex'),
    );
  });

  it('the head of an answer, good and bad', () => {
    expect(Buffer.from(answerHeader(0x1122334455667788n, 0, 5)).toString('hex')).toBe('15000000000000008877665544332211');
    expect(Buffer.from(answerHeader(3n, 5, 0)).toString('hex')).toBe('10000000fbffffff0300000000000000');
  });

  it('LOOKUP', async () => {
    const year = le(31_536_000, 8);
    const time = le(NEW_YEAR, 8);
    expect((await bytesOf(filesystem(), request(1, 1, text('a.txt')))).toString('hex')).toBe(
      [
        [le(2, 8), le(0, 8), year, year, le(0, 8)],
        [le(2, 8), le(5, 8), le(1, 8), time, time, time, le(0, 4), le(0, 4), le(0, 4)],
        [le(0o100_644, 4), le(1, 4), le(1000, 4), le(100, 4), le(0, 4), le(4096, 4), le(0, 4)],
      ]
        .flat()
        .join(''),
    );
  });

  it('READDIR: dot, dot-dot and names, each padded to eight bytes', async () => {
    const answer = await bytesOf(filesystem(), readdir(Opcode.readdir, 1, 1, 72));
    expect(answer.toString('hex')).toBe(
      `${le(0xffffffff, 8)}${le(2, 8)}${le(2, 4)}${le(4, 4)}2e2e000000000000${le(0xffffffff, 8)}${le(3, 8)}${le(5, 4)}${le(8, 4)}612e747874000000`,
    );
  });

  it('STATFS', async () => {
    const answer = await bytesOf(filesystem(), request(Opcode.statfs, 1));
    expect(answer.toString('hex')).toBe(
      `${le(2, 8)}${le(0, 8)}${le(0, 8)}${le(7, 8)}${le(0, 8)}${le(4096, 4)}${le(255, 4)}${le(4096, 4)}${'00'.repeat(28)}`,
    );
  });
});

describe('nodes', () => {
  it('hard links are one node with more than one name', async () => {
    const fs = filesystem();
    const sub = await lookup(fs, 'sub');
    const one = await lookup(fs, 'one', sub);
    expect(await lookup(fs, 'two', sub)).toBe(one);
    expect((await bytesOf(fs, request(Opcode.getattr, one, '00'.repeat(16)))).readUInt32LE(16 + 64)).toBe(2);
  });

  it('a missing name is remembered as missing, and one in another normal form is found', async () => {
    const fs = filesystem();
    expect(await lookup(fs, 'nothing')).toBe(0);
    expect(await lookup(fs, 'A.TXT')).toBe(0);
    expect(faults).toEqual([]);
  });

  it('FORGET and BATCH_FORGET take away what they were given, and no more', async () => {
    const fs = filesystem();
    const first = await lookup(fs, 'a.txt');
    expect(await lookup(fs, 'a.txt')).toBe(first);
    expect(await ask(fs, request(Opcode.forget, first, le(1, 8)))).toBeUndefined();
    expect(fs.nodes).toBe(2);
    await ask(fs, request(Opcode.batchForget, 0, `${le(1, 4)}${le(0, 4)}${le(first, 8)}${le(1, 8)}`));
    expect(fs.nodes).toBe(1);
    expect(await ask(fs, request(Opcode.getattr, first, '00'.repeat(16)))).toBe(116);
    // A new lookup gets a new number: the old one may still be on its way.
    expect(await lookup(fs, 'a.txt')).not.toBe(first);
    // The root stays, and a count of more than there are is not an endless loop.
    await ask(fs, request(Opcode.forget, 1, le(1000, 8)));
    await ask(fs, request(Opcode.batchForget, 0, `${le(0xffffffff, 4)}${le(0, 4)}`));
    expect(await lookup(fs, 'sub')).toBeGreaterThan(1);
  });

  it('after ten thousand lookups and forgets nothing is left', async () => {
    const fs = filesystem();
    for (let turn = 0; turn < 10_000; turn++) {
      const id = await lookup(fs, turn % 2 ? 'a.txt' : 'way');
      await ask(fs, request(Opcode.forget, id, le(1, 8)));
    }
    expect(fs.nodes).toBe(1);
  });

  it('READDIRPLUS names every entry once, in pieces of any size', async () => {
    const fs = filesystem();
    const names: string[] = [];
    for (let offset = 0, pieces = 0; pieces < 20; pieces++) {
      const answer = await bytesOf(fs, readdir(Opcode.readdirplus, 1, offset, 330));
      if (answer.length === 0) break;
      expect(answer.length).toBeLessThanOrEqual(330);
      for (let at = 0; at < answer.length; ) {
        const [id, length] = [Number(answer.readBigUInt64LE(at)), answer.readUInt32LE(at + 128 + 16)];
        offset = Number(answer.readBigUInt64LE(at + 128 + 8));
        const name = answer.subarray(at + 152, at + 152 + length).toString();
        names.push(name);
        expect(id === 0).toBe(name === '.' || name === '..');
        at += (152 + length + 7) & ~7;
      }
    }
    expect(names).toEqual(['.', '..', 'a.txt', 'sub', 'way', 'bad', 'extra']);
    expect(fs.nodes).toBe(6);
  });
});

describe('rule 19 of the seal: what is shown', () => {
  it("the owner is who mounts; modes and times are the image's", async () => {
    const fs = filesystem();
    const answer = await bytesOf(fs, request(Opcode.lookup, 1, text('extra')));
    const attr = Attr.read(answer, 40);
    expect(attr).toMatchObject({ mode: 0o104_755, uid: 1000, gid: 100, mtimensec: 500_000_000 });
    expect(BigInt.asIntN(64, attr.mtime)).toBe(-2n);
  });

  it('attributes stand in the namespace that carries no rights', async () => {
    const fs = filesystem();
    const id = await lookup(fs, 'extra');
    const names = await bytesOf(fs, request(Opcode.listxattr, id, `${le(200, 4)}${le(0, 4)}`));
    expect(names.toString()).toBe('user.com.example.note\0user.com.apple.FinderInfo\0');
    const get = (name: string, size: number): Promise<Answer> =>
      ask(fs, request(Opcode.getxattr, id, `${le(size, 4)}${le(0, 4)}${text(name)}`));
    expect(await get('user.com.example.note', 100)).toEqual(new Uint8Array([1, 2, 3]));
    expect(Buffer.from((await get('user.com.example.note', 0)) as Uint8Array).toString('hex')).toBe('0300000000000000');
    expect(await get('user.com.example.note', 2)).toBe(34);
    for (const name of ['security.capability', 'trusted.x', 'com.example.note', 'user.com.apple.quarantine', 'user.large']) {
      expect(await get(name, 100), name).toBe(61);
    }
  });

  it('a link says where it leads; reading it as a file, or a folder, is an error', async () => {
    const fs = filesystem();
    const [way, sub] = [await lookup(fs, 'way'), await lookup(fs, 'sub')];
    expect((await bytesOf(fs, request(Opcode.readlink, way))).toString()).toBe('/Applications');
    expect(await ask(fs, read(way, 0, 10))).toBe(21);
    expect(await ask(fs, read(sub, 0, 10))).toBe(21);
    expect(await ask(fs, request(Opcode.readlink, sub))).toBe(22);
    expect(await ask(fs, readdir(Opcode.readdir, way, 0, 100))).toBe(20);
    expect(await ask(fs, request(Opcode.lookup, way, text('x')))).toBe(20);
  });

  it('reads stop at the end of the file', async () => {
    const fs = filesystem();
    const id = await lookup(fs, 'a.txt');
    expect((await bytesOf(fs, read(id, 1, 1 << 20))).toString()).toBe('ello');
    expect((await bytesOf(fs, read(id, 5, 10))).length).toBe(0);
    expect((await bytesOf(fs, read(id, 2 ** 52, 10))).length).toBe(0);
  });

  it('bytes that are not what was signed are EIO, and somebody hears of it', async () => {
    const fs = filesystem();
    expect(await ask(fs, read(await lookup(fs, 'bad'), 0, 9))).toBe(5);
    expect(faults).toMatchObject([{ error: { code: 'E_TAMPERED' }, path: 'bad' }]);
    expect((await bytesOf(fs, read(await lookup(fs, 'a.txt'), 0, 9))).toString()).toBe('hello');
  });
});

describe('requests that are not as they must be', () => {
  it('are answered with an error, and no fault of the image is told', async () => {
    const fs = filesystem();
    expect(await ask(fs, request(Opcode.lookup, 1, '61'))).toBe(22);
    expect(await ask(fs, request(Opcode.lookup, 1, text('a'.repeat(1025))))).toBe(36);
    expect(await ask(fs, request(Opcode.read, await lookup(fs, 'a.txt'), '00'))).toBe(22);
    expect(await ask(fs, read(await lookup(fs, 'a.txt'), 0, 5).fill(0xff, 48, 56))).toBe(22);
    expect(await ask(fs, request(Opcode.getattr, 4711))).toBe(116);
    expect(await ask(fs, request(16, 1, '00'.repeat(40)))).toBe(38);
    expect(Buffer.from((await ask(fs, request(Opcode.lookup, 1, 'ff00'))) as Uint8Array).readBigUInt64LE(0)).toBe(0n);
    expect(faults).toEqual([]);
  });

  it('are passed over when they cannot be answered', () => {
    expect(readRequest(new Uint8Array(39))).toBeUndefined();
    expect(readRequest(request(3, 1).fill(41, 0, 1))).toBeUndefined();
    expect(readRequest(Buffer.from(request(3, 1)).fill(0xff, 16, 24))).toBeUndefined();
  });

  it('an older kernel is refused, a newer one is told the version', () => {
    const init = (major: number, minor: number): Answer =>
      greet(readRequest(request(Opcode.init, 0, `${le(major, 4)}${le(minor, 4)}${le(0, 8)}`))!);
    expect(init(7, 27)).toBe(71);
    expect(init(6, 99)).toBe(71);
    expect(Buffer.from(init(8, 1) as Uint8Array).readUInt32LE(0)).toBe(7);
  });

  it('whatever comes, there is an answer of bounded size or none', async () => {
    const fs = filesystem();
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.nat(6), fc.uint8Array({ maxLength: 200 }), async (opcode, nodeid, body) => {
        const answer = await ask(fs, request(opcode, nodeid, Buffer.from(body).toString('hex')));
        if (answer instanceof Uint8Array) expect(answer.length).toBeLessThanOrEqual(1 << 20);
        else if (answer !== undefined) expect(answer).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
    expect(faults.every(({ error }) => error.code === 'E_TAMPERED')).toBe(true);
  });
});

it("the system's table of mounts, with names that hold anything", () => {
  const text = String.raw`22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
42 27 0:39 / /tmp/a\040b\134c\012d ro,nosuid,nodev,noatime - fuse.diskseal My\043App.dmg ro,user_id=0
short line
43 27 0:40 / /no/separator rw
`;
  expect(parseMountTable(text)).toEqual([
    { folder: '/proc', type: 'proc', source: 'proc', device: '0:21' },
    { folder: '/tmp/a b\\c\nd', type: 'fuse.diskseal', source: 'My#App.dmg', device: '0:39' },
  ]);
});
