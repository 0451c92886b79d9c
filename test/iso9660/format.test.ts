import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesDisk, type Disk, stream, zerosDisk } from '../../src/core/disk.ts';
import { find, walk } from '../../src/core/file-tree.ts';
import { format } from '../../src/formats/filesystems/iso9660/format.ts';
import { isoIdentifiers, jolietNames } from '../../src/formats/filesystems/iso9660/identifiers.ts';
import { open } from '../../src/formats/filesystems/iso9660/open.ts';
import { project } from '../../src/formats/filesystems/iso9660/project.ts';
import {
  BootEntry,
  BootInfoTable,
  FileFlag,
  PathTableRecordL,
  PathTableRecordM,
  PXSerial,
  SECTOR,
  SectionHeader,
  ValidationEntry,
} from '../../src/formats/filesystems/iso9660/structs.ts';
import { listing } from '../support/listing.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';
import { ImageBytes } from './image-bytes.ts';

const options = { created: NEW_YEAR };

const sample = () =>
  tree('Sample', [
    file('README.txt', 'read me'),
    folder('Folder', [file('inside', 'x'), folder('Deeper', [])]),
    symlink('link', '/usr/share/../x'),
    file('hard 1', 'linked', { linkGroup: 'g' }),
    file('hard 2', 'linked', { linkGroup: 'g' }),
  ]);

function names(given: readonly string[]): { name: string; isFolder: boolean }[] {
  return given.map((name) => ({ name: name.replace(/\/$/, ''), isFolder: name.endsWith('/') }));
}

describe('identifiers', () => {
  it('of level 1 have eight characters and three', () => {
    const given = names([
      'readme.txt',
      'a long name.html',
      'a long name two.html',
      '.hidden',
      'no extension',
      'two.dots.gz',
      'My App.app/',
      'é',
    ]);
    expect(isoIdentifiers(given, 1)).toEqual([
      'README.TXT;1',
      'A_LONG_N.HTM;1',
      'A_LON000.HTM;1',
      '_HIDDEN.;1',
      'NO_EXTEN.;1',
      'TWO_DOTS.GZ;1',
      'MY_APP_A',
      '_.;1',
    ]);
  });

  it('of levels 2 and 3 have thirty', () => {
    const given = names([`${'n'.repeat(40)}.extension-too`, 'n.txt', `${'d'.repeat(40)}/`, `x.${'e'.repeat(40)}`, 'Ab', 'aB/']);
    for (const level of [2, 3] as const) {
      const made = isoIdentifiers(given, level);
      expect(made).toEqual([`${'N'.repeat(22)}.EXTENSIO;1`, 'N.TXT;1', 'D'.repeat(31), 'X.EEEEEEEE;1', 'AB.;1', 'AB000']);
    }
  });

  it('that became equal are numbered, and quickly', () => {
    const many = names(Array.from({ length: 30_000 }, (_, index) => `some longer name ${index}.txt`));
    const started = performance.now();
    const made = isoIdentifiers(many, 1);
    expect(new Set(made).size).toBe(30_000);
    for (const name of made) expect(name).toMatch(/^[A-Z0-9_]{1,8}\.TXT;1$/);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('leave a name to the one that has it by itself', () => {
    expect(isoIdentifiers(names(['a?', 'a!', 'A_000', 'A_']), 3)).toEqual(['A_.;1', 'A_001.;1', 'A_000.;1', 'A_002.;1']);
  });

  it('of Joliet keep what Windows can show', () => {
    const given = names(['a*b?c:d;e\\f', 'dots...', 'emoji 😀', 'Case', 'case', `${'x'.repeat(80)}.txt`, `${'x'.repeat(90)}.txt`, '한글']);
    expect(jolietNames(given, 64)).toEqual([
      'a_b_c_d_e_f',
      'dots___',
      'emoji _',
      'Case',
      'case000',
      `${'x'.repeat(60)}.txt`,
      `${'x'.repeat(57)}000.txt`,
      '한글',
    ]);
  });
});

describe('a planned volume', () => {
  it('is as it was', async () => {
    const { bytes } = await ImageBytes.of(sample(), {
      fields: { publisher: 'EXAMPLE', application: 'DISKSEAL', copyrightFile: 'README.txt' },
    });
    await expect(hexView(bytes)).toMatchFileSnapshot('../golden/iso9660/sample.hex.txt');
  });

  it('is the same in whatever order the tree is listed', async () => {
    const children = [file('b', '1'), folder('c', [file('y', '3'), file('x', '2')]), file('a', '4')];
    const one = await ImageBytes.of(tree('Order', children));
    const turned = [file('a', '4'), folder('c', [file('x', '2'), file('y', '3')]), file('b', '1')];
    expect(Buffer.compare((await ImageBytes.of(tree('Order', turned))).bytes, one.bytes)).toBe(0);
  });

  it('says where contents lie, hard links once', async () => {
    const volume = await format(sample(), options);
    const contents = [...volume.contents()];
    expect(contents.map(({ path }) => path)).toEqual(['README.txt', 'hard 1', 'Folder/inside']);
    for (const { path, position, length } of contents) {
      const entry = await find(await open(volume), path);
      if (entry?.type !== 'file') throw new Error(path);
      expect(await volume.read(position, length)).toEqual(await entry.content.read(0, length));
      expect(position % SECTOR).toBe(0);
    }
  });

  it('has extents that are its bytes, without gaps', async () => {
    const volume = await format(sample(), options);
    let at = 0;
    const kinds = new Set<string>();
    for (const extent of volume.extents()) {
      expect(extent.position).toBe(at);
      at += extent.length;
      kinds.add(extent.kind);
      const bytes = await volume.read(extent.position, extent.length);
      if (extent.kind === 'zeros') expect(bytes.every((byte) => byte === 0)).toBe(true);
      if (extent.kind === 'bytes') expect(bytes).toEqual(extent.bytes);
    }
    expect(at).toBe(volume.size);
    expect([...kinds].sort()).toEqual(['bytes', 'generated', 'zeros']);
  });

  it('gives the same bytes however it is read', async () => {
    const volume = await format(sample(), options);
    const whole = await volume.read(0, volume.size);
    for (const step of [1000, 2049, 7777]) {
      for (let at = 0; at < volume.size; at += step) {
        const length = Math.min(step, volume.size - at);
        expect(Buffer.compare(await volume.read(at, length, new Uint8Array(length).fill(255)), whole.subarray(at, at + length))).toBe(0);
      }
    }
  });

  it('has 150 sectors of zeros and the place of a seal at its end, inside of the volume', async () => {
    let asked = 0;
    const plain = await format(sample(), options);
    const volume = await format(sample(), { ...options, reserve: (before) => ((asked = before), 5 * SECTOR) });
    expect(asked).toBe(plain.size);
    expect(volume.size).toBe(plain.size + 5 * SECTOR);
    const last = [...plain.contents()].at(-1)!;
    expect(plain.size - last.position).toBe(151 * SECTOR);
    for (const disk of [plain, volume]) {
      const { descriptor } = await open(disk);
      expect(descriptor.volumeSpaceSize * SECTOR).toBe(disk.size);
      expect((await open(disk, { view: 'joliet' })).descriptor.volumeSpaceSize * SECTOR).toBe(disk.size);
    }
  });

  it('leaves sectors after its descriptors to another filesystem', async () => {
    const volume = await format(sample(), { ...options, firstSector: 300 });
    const between = await volume.read(19 * SECTOR, (300 - 19) * SECTOR);
    expect(between.every((byte) => byte === 0)).toBe(true);
    expect(await listing(await open(volume))).toEqual(await listing(project(sample(), { view: 'rockRidge' })));
  });

  it('has what is said of it in its descriptors', async () => {
    const fields = {
      system: 'SYS',
      volumeSet: 'SET',
      publisher: 'PUB é',
      preparer: 'PREP',
      application: 'APP',
      abstractFile: 'README.txt',
    };
    const volume = await format(sample(), { ...options, fields: { ...fields, expires: NEW_YEAR + 1, effective: NEW_YEAR + 0.5 } });
    const { descriptor } = await open(volume);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1').trimEnd();
    expect(text(descriptor.systemIdentifier)).toBe('SYS');
    expect(text(descriptor.publisherIdentifier)).toBe('PUB _');
    expect(text(descriptor.abstractFileIdentifier)).toBe('README.TXT;1');
    expect(text(descriptor.copyrightFileIdentifier)).toBe('');
    expect(descriptor).toMatchObject({ creationDate: NEW_YEAR, expirationDate: NEW_YEAR + 1, effectiveDate: NEW_YEAR });
    const joliet = (await open(volume, { view: 'joliet' })).descriptor;
    expect(Buffer.from(joliet.publisherIdentifier).swap16().toString('utf16le').trimEnd()).toBe('PUB é');
    const missing = { ...options, fields: { copyrightFile: 'Folder/inside' } };
    await expect(format(sample(), missing)).rejects.toMatchObject({ code: 'E_ISO9660', path: 'Folder/inside' });
  });
});

describe('path tables', () => {
  it.each(['primary', 'joliet'] as const)('of the %s tree list every folder, by level', async (view) => {
    const image = await ImageBytes.of(
      tree('Paths', [folder('b', [folder('z', []), folder('y', [folder('deep', [])])]), folder('a', [folder('x', [])])]),
    );
    const { descriptor } = (await image.descriptors())[view]!;
    const tables = [
      { struct: PathTableRecordL, sector: descriptor.typeLPathTable },
      { struct: PathTableRecordM, sector: descriptor.typeMPathTable },
    ].map(({ struct, sector }) => {
      const found: { name: string; parent: number; first: number }[] = [];
      for (let at = sector * SECTOR, end = at + descriptor.pathTableSize; at < end; ) {
        const { identifierLength, parentNumber, extentLocation } = struct.read(image.bytes, at);
        const identifier = image.bytes.subarray(at + 8, at + 8 + identifierLength);
        found.push({ name: String.fromCharCode(...identifier.filter((byte) => byte !== 0)), parent: parentNumber, first: extentLocation });
        at += 8 + identifierLength + (identifierLength % 2);
      }
      return found;
    });
    expect(tables[0]).toEqual(tables[1]);
    const shown = tables[0].map(({ name, parent }) => [name.toLowerCase(), parent]);
    expect(shown).toEqual([
      ['', 1],
      ['a', 1],
      ['b', 1],
      ['x', 2],
      ['y', 3],
      ['z', 3],
      ['deep', 5],
    ]);
    for (const { first } of tables[0]) expect((await image.records(first))[0].record.extentLocation).toBe(first);
  });

  it('cannot number more than 65535 parents', async () => {
    const folders = Array.from({ length: 66_000 }, (_, index) =>
      folder(`f${String(index).padStart(5, '0')}`, index === 65_999 ? [folder('in', [])] : []),
    );
    await expect(format(tree('Wide', folders), options)).rejects.toMatchObject({ code: 'E_ISO9660', path: 'f65999/in' });
  });
});

describe('large files', () => {
  const size = 5 * 2 ** 30 + 1;

  /** Zeros that end in a text. */
  function large(): Disk {
    const end = new TextEncoder().encode('the end');
    const zeros = zerosDisk(size);
    return {
      ...zeros,
      async read(position, length, into) {
        const bytes = await zeros.read(position, length, into);
        const at = size - end.length - position;
        for (const [index, byte] of end.entries()) if (at + index >= 0 && at + index < length) bytes[at + index] = byte;
        return bytes;
      },
    };
  }

  it('have sections of whole sectors, and are read as one', async () => {
    const given = tree('Large', [file('large', large()), file('after', 'x')]);
    const volume = await format(given, options);
    const opened = await find(await open(volume), 'large');
    if (opened?.type !== 'file') throw new Error('no file');
    expect(opened.content.size).toBe(size);
    expect(new TextDecoder().decode(await opened.content.read(size - 7, 7))).toBe('the end');
    expect([...(await format(given, options)).contents()].map(({ length }) => length)).toEqual([1, size]);
    const image = new ImageBytes(await volume.read(0, 60 * SECTOR));
    const records = (await image.records(await image.rootSector())).filter(({ identifier }) => identifier[0] === 0x4c);
    expect(records.map(({ record }) => [record.dataLength, record.fileFlags])).toEqual([
      [0xffff_f800, FileFlag.multiExtent],
      [size - 0xffff_f800, 0],
    ]);
    expect(records[1].record.extentLocation - records[0].record.extentLocation).toBe(0xffff_f800 / SECTOR);
  });

  it('of 2^32-1 bytes have one section; more need level 3', async () => {
    const most = tree('Most', [file('large', zerosDisk(0xffff_ffff))]);
    expect((await format(most, { ...options, level: 1 })).size).toBeGreaterThan(0xffff_ffff);
    const more = tree('More', [file('large', zerosDisk(2 ** 32))]);
    await expect(format(more, { ...options, level: 2 })).rejects.toMatchObject({
      code: 'E_ISO9660',
      path: 'large',
      hint: 'choose level 3',
    });
    await expect(format(tree('Huge', [file('large', zerosDisk(2 ** 43))]), options)).rejects.toMatchObject({ code: 'E_ISO9660' });
  });
});

describe('Rock Ridge', () => {
  it('has links counted and files numbered', async () => {
    const image = await ImageBytes.of(sample());
    const posix = async (identifier: string) => PXSerial.read(image.bytes, image.systemUse(await image.record(identifier), 'PX'));
    const [one, other, plain, within] = [
      await posix('HARD_1.;1'),
      await posix('HARD_2.;1'),
      await posix('README.TXT;1'),
      await posix('FOLDER'),
    ];
    expect([one.links, other.links, plain.links, within.links]).toEqual([2, 2, 1, 3]);
    expect(one.serial).toBe(other.serial);
    expect(plain.serial).not.toBe(one.serial);
  });

  it.each(['a', '/', '.', '..', './a', '../..', 'a/', 'a//b', '//a', '/a/./b/../c', `${'c'.repeat(600)}/x`, 'd/'.repeat(2000), 'é/한글'])(
    'keeps the target %j',
    async (target) => {
      const opened = await open(await format(tree('Links', [symlink('link', target)]), options));
      expect(await find(opened, 'link')).toMatchObject({ type: 'symlink', target });
    },
  );

  it('keeps names of 255 bytes and deep folders in place', async () => {
    const deep = (depth: number): ReturnType<typeof folder> =>
      folder(`level ${depth} ${'n'.repeat(200)}`, depth === 0 ? [file('end', 'x')] : [deep(depth - 1)]);
    const given = tree('Deep', [deep(60), file('x'.repeat(255), '1'), file('日'.repeat(85), '2')]);
    for (const view of ['rockRidge', 'joliet', 'iso9660'] as const) {
      expect(await listing(await open(await format(given, options), { view }))).toEqual(await listing(project(given, { view })));
    }
  });

  it('refuses names that no reader shows whole', async () => {
    for (const name of ['y'.repeat(256), '日'.repeat(86), '\ud800', '.', '..', '', 'a/b', 'a\0']) {
      await expect(format(tree('Names', [file(name, 'x')]), options)).rejects.toMatchObject({ code: 'E_ISO9660' });
    }
    const twice = tree('Names', [file('a', '1'), file('a', '2')]);
    await expect(format(twice, options)).rejects.toMatchObject({ code: 'E_ISO9660', path: 'a' });
  });
});

describe('what a view cannot hold', () => {
  it('is said', async () => {
    const warned: string[] = [];
    const given = tree('Warn', [
      file('a?b', 'x'),
      symlink('l', 'x'),
      file('fork', 'x', { resourceFork: bytesDisk(new Uint8Array(1)), xattrs: new Map([['a', bytesDisk(new Uint8Array(1))]]), flags: 2 }),
      file('old', 'x', { times: { modified: -1e11 } }),
      file('z'.repeat(254), 'x'),
    ]);
    await format(given, { ...options, warn: (message, path) => void warned.push(`${path.slice(0, 5)}: ${message}`) });
    expect(warned).toEqual([
      'fork: ISO 9660 has no place for extended attributes, a resource fork, the file flags 0x2',
      expect.stringMatching(/^old: .*1900 to 2155/),
      expect.stringMatching(/^zzzzz: Linux shows the first 250 bytes/),
      'a?b: Joliet shows it as "a_b"',
      'l: Joliet has no symbolic links: it is left out there',
      expect.stringMatching(/^zzzzz: Joliet shows it as/),
    ]);
  });
});

describe('El Torito', () => {
  const loader = Uint8Array.from({ length: 5001 }, (_, index) => (index * 7) & 255);
  const bootable = () => tree('Boot', [folder('boot', [file('bios.bin', loader), file('efi.img', zerosDisk(720 * 1024))])]);

  it('has a catalog with both platforms', async () => {
    const boot = [
      { path: 'boot/bios.bin', platform: 'bios', infoTable: true },
      { path: 'boot/efi.img', platform: 'uefi' },
    ] as const;
    const volume = await format(bootable(), { ...options, boot });
    const image = new ImageBytes(await volume.read(0, volume.size));
    const { bootRecord } = await image.descriptors();
    expect(bootRecord?.offset).toBe(17 * SECTOR);
    const catalog = bootRecord!.descriptor.bootCatalog * SECTOR;
    const words = new Uint16Array(image.bytes.slice(catalog, catalog + 32).buffer);
    expect(words.reduce((sum, word) => (sum + word) & 0xffff, 0)).toBe(0);
    expect(ValidationEntry.read(image.bytes, catalog)).toMatchObject({ headerId: 1, platform: 0, key: 0x55aa });
    const [first, second] = [BootEntry.read(image.bytes, catalog + 32), BootEntry.read(image.bytes, catalog + 96)];
    expect(SectionHeader.read(image.bytes, catalog + 64)).toMatchObject({ headerIndicator: 0x91, platform: 0xef, entryCount: 1 });
    const placeOf = (path: string) => [...volume.contents()].find((content) => content.path === path)!.position / SECTOR;
    expect(first).toMatchObject({ bootIndicator: 0x88, mediaType: 0, sectorCount: 4, loadAddress: placeOf('boot/bios.bin') });
    expect(second).toMatchObject({ bootIndicator: 0x88, sectorCount: 1440, loadAddress: placeOf('boot/efi.img') });
  });

  it('has the table of the boot file with its checksum', async () => {
    const volume = await format(bootable(), { ...options, boot: [{ path: 'boot/bios.bin', platform: 'bios', infoTable: true }] });
    const { position, length } = [...volume.contents()].find(({ path }) => path === 'boot/bios.bin')!;
    const stored = await volume.read(position, length);
    const padded = new Uint8Array(Math.ceil(length / 4) * 4);
    padded.set(stored);
    const sum = new Uint32Array(padded.buffer).slice(16).reduce((total, word) => (total + word) >>> 0, 0);
    expect(BootInfoTable.read(stored, 8)).toMatchObject({
      primaryDescriptor: 16,
      fileLocation: position / SECTOR,
      fileLength: 5001,
      checksum: sum,
    });
    expect(stored.subarray(64)).toEqual(loader.subarray(64));
    expect(stored.subarray(0, 8)).toEqual(loader.subarray(0, 8));
  });

  it('has the address that GRUB wants too, and a checksum over it', async () => {
    const content = Uint8Array.from({ length: 5000 }, (_, index) => (index * 5) & 255);
    const given = tree('Boot', [file('a', 'first'), file('eltorito.img', content)]);
    const volume = await format(given, { ...options, boot: [{ path: 'eltorito.img', platform: 'bios', infoTable: 'grub' }] });
    const [{ position, length }] = volume.bootImages as [(typeof volume.bootImages)[number]];
    const stored = await volume.read(position, length);
    expect(new DataView(stored.buffer).getBigUint64(2548, true)).toBe(BigInt(position / 512 + 5));
    const sum = new Uint32Array(stored.slice().buffer).slice(16).reduce((total, word) => (total + word) >>> 0, 0);
    expect(BootInfoTable.read(stored, 8)).toMatchObject({ fileLocation: position / SECTOR, checksum: sum });
    expect(stored.subarray(2556)).toEqual(content.subarray(2556));
    const short = format(bootable(), { ...options, boot: [{ path: 'boot/short', platform: 'bios', infoTable: 'grub' }] });
    await expect(short).rejects.toMatchObject({ code: 'E_ISO9660' });
  });

  it.each([1, 2, 512])('puts images for UEFI behind all others, at multiples of %i sectors', async (uefiAlignment) => {
    const children = [
      file('a.img', new Uint8Array(5000).fill(1)),
      file('b', 'other', { linkGroup: 'g' }),
      file('c.img', new Uint8Array(3000).fill(3)),
      file('d', new Uint8Array(9000).fill(4)),
      file('e', 'other', { linkGroup: 'g' }),
    ];
    const boot = ['c.img', 'a.img', 'c.img'].map((path) => ({ path, platform: 'uefi' }) as const);
    const given = tree('Boot', [...children, file('loader', loader)]);
    const volume = await format(given, { ...options, boot: [{ path: 'loader', platform: 'bios' }, ...boot], uefiAlignment });
    const contents = [...volume.contents()];
    expect(contents.map(({ path }) => path)).toEqual(['b', 'd', 'loader', 'a.img', 'c.img']);
    expect(contents.map(({ position }) => position)).toEqual(contents.map(({ position }) => position).sort((a, b) => a - b));
    for (const { position } of contents.slice(3)) expect(position % (uefiAlignment * SECTOR)).toBe(0);
    expect(volume.bootImages.map(({ path, position }) => [path, position])).toEqual(
      ['loader', 'c.img', 'a.img', 'c.img'].map((path) => [path, contents.find((content) => content.path === path)!.position]),
    );
    expect(await listing(await open(volume))).toEqual(await listing(project(given, { view: 'rockRidge' })));
    // Every byte is in one extent, and reading agrees with them.
    let end = 0;
    for (const { position, length } of volume.extents()) {
      expect(position).toBe(end);
      end += length;
    }
    expect(end).toBe(volume.size);
  });

  it('can hold images for UEFI and nothing else', async () => {
    const given = tree('Boot', [file('efi.img', new Uint8Array(4000).fill(7))]);
    const volume = await format(given, { ...options, boot: [{ path: 'efi.img', platform: 'uefi' }], uefiAlignment: 512 });
    expect(volume.bootImages).toMatchObject([{ position: 1 << 20, length: 4000 }]);
    expect(await listing(await open(volume))).toEqual(await listing(project(given, { view: 'rockRidge' })));
  });

  it('refuses what cannot be started from', async () => {
    for (const path of ['boot', 'nothing', 'boot/nothing', 'empty', 'short']) {
      const given = tree('Boot', [folder('boot', []), file('empty', ''), file('short', 'x')]);
      const boot = [{ path, platform: 'bios', infoTable: true }] as const;
      await expect(format(given, { ...options, boot })).rejects.toMatchObject({ code: 'E_ISO9660', path });
    }
    const many = Array.from({ length: 33 }, () => ({ path: 'boot/efi.img', platform: 'uefi' }) as const);
    await expect(format(bootable(), { ...options, boot: many })).rejects.toMatchObject({ code: 'E_ISO9660' });
  });
});

it('a hundred thousand files are planned, read and opened in seconds', async () => {
  const children = Array.from({ length: 200 }, (_, number) =>
    folder(
      `folder ${number}`,
      Array.from({ length: 500 }, (__, index) => file(`file number ${index} with a name.txt`, zerosDisk(index))),
    ),
  );
  const started = performance.now();
  const volume = await format(tree('Many', children), options);
  const planned = performance.now();
  const hash = createHash('sha256');
  for await (const chunk of stream(volume)) hash.update(chunk);
  const read = performance.now();
  let count = 0;
  for await (const _ of walk((await open(volume)).root)) count++;
  const times = [planned - started, read - planned, performance.now() - read].map(Math.round);
  expect(count).toBe(100_200);
  expect(
    times.reduce((sum, time) => sum + time, 0),
    `${times.join(', ')} ms`,
  ).toBeLessThan(30_000);
  console.info(`100,000 files: planned, read, opened in ${times.join(', ')} ms`);
});

/** Lines of sixteen bytes; those that are all zero are left out. */
function hexView(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const line = Buffer.from(bytes.subarray(at, at + 16));
    if (line.every((byte) => byte === 0)) continue;
    const shown = line.toString('latin1').replace(/[^ -~]/g, '.');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${line.toString('hex').replace(/(..)/g, '$1 ')} ${shown}`);
  }
  return `${lines.join('\n')}\n`;
}
