import { describe, expect, it } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { type Entry, find, walk } from '../../src/core/file-tree.ts';
import { open, views } from '../../src/formats/filesystems/iso9660/open.ts';
import { CE, CL, FileFlag, NM, PXSerial, SECTOR, SL, SystemUseEntry } from '../../src/formats/filesystems/iso9660/structs.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';
import { ImageBytes } from './image-bytes.ts';

const sample = () =>
  tree('Sample', [
    file('a.txt', 'first'),
    file('b.txt', 'second'),
    folder('folder', [file('inside', 'x'), folder('deeper', [file('bottom', 'y')])]),
    symlink('link', 'folder/inside'),
    file(`long ${'n'.repeat(200)}`, 'long'),
  ]);

async function paths(image: ImageBytes, view?: 'rockRidge' | 'joliet' | 'iso9660'): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of walk((await open(image.disk, { view })).root)) found.push(path);
  return found;
}

async function text(entry: Entry | undefined): Promise<string> {
  if (entry?.type !== 'file') throw new Error('no file');
  return new TextDecoder().decode(await entry.content.read(0, entry.content.size));
}

describe('views', () => {
  it('come in the order of what they say', async () => {
    expect(await views((await ImageBytes.of(sample())).disk)).toEqual(['rockRidge', 'joliet', 'iso9660']);
    expect(await views((await ImageBytes.of(sample(), { joliet: false, rockRidge: false })).disk)).toEqual(['iso9660']);
  });

  it('that the image has not are not found', async () => {
    const image = await ImageBytes.of(sample(), { joliet: false });
    await expect(open(image.disk, { view: 'joliet' })).rejects.toMatchObject({ code: 'E_NOT_FOUND', hint: 'it has rockRidge, iso9660' });
  });

  it('prove equal contents by equal extents', async () => {
    const { bytes } = await ImageBytes.of(sample());
    const range = { path: 'image', offset: 0, fileSize: bytes.length };
    const disk = { ...bytesDisk(bytes), extents: () => [{ kind: 'file', position: 0, length: bytes.length, file: range } as const] };
    const places = await Promise.all(
      (['rockRidge', 'joliet'] as const).map(async (view) => {
        const entry = await find(await open(disk, { view }), 'folder/inside');
        return entry?.type === 'file' ? [...entry.content.extents()] : undefined;
      }),
    );
    expect(places[0]).toEqual(places[1]);
    expect(places[0]).toMatchObject([{ kind: 'file', length: 1 }]);
  });

  it('can differ, and are opened as they are', async () => {
    const image = await ImageBytes.of(sample());
    const [one, other] = [await image.record('A.TXT;1'), await image.record('B.TXT;1')];
    const joliet = (await image.records(await image.rootSector('joliet'))).find(
      ({ record }) => record.extentLocation === one.record.extentLocation,
    );
    image.setRecord(joliet!, { extentLocation: other.record.extentLocation, dataLength: other.record.dataLength });
    expect(await text(await find(await open(image.disk), 'a.txt'))).toBe('first');
    expect(await text(await find(await open(image.disk, { view: 'joliet' }), 'a.txt'))).toBe('second');
  });
});

describe('descriptors', () => {
  const refused = async (change: (image: ImageBytes) => void, message: RegExp): Promise<void> => {
    const image = await ImageBytes.of(sample());
    change(image);
    await expect(open(image.disk)).rejects.toMatchObject({ code: 'E_ISO9660', message: expect.stringMatching(message) as string });
  };

  it('must have exactly one primary one', async () => {
    await refused(({ bytes }) => bytes.copyWithin(17 * SECTOR, 16 * SECTOR, 17 * SECTOR), /two primary/);
    await refused(({ bytes }) => bytes.copyWithin(16 * SECTOR, 17 * SECTOR, 18 * SECTOR), /two joliet/);
    await refused(({ bytes }) => bytes.set([3], 16 * SECTOR), /no primary/);
  });

  it('must end', async () => {
    await refused(({ bytes }) => bytes.fill(0, 18 * SECTOR, 19 * SECTOR), /CD001/);
    const endless = new Uint8Array(200 * SECTOR);
    for (let sector = 16; sector < 200; sector++) endless.set([3, 0x43, 0x44, 0x30, 0x30, 0x31, 1], sector * SECTOR);
    await expect(open(bytesDisk(endless))).rejects.toMatchObject({
      code: 'E_ISO9660',
      message: expect.stringMatching(/no terminator/) as string,
    });
  });

  it('must say the same in both byte orders', async () => {
    await refused(({ bytes }) => bytes.set([9], 16 * SECTOR + 80), /one byte order/);
    await refused(({ bytes }) => bytes.set([9], 16 * SECTOR + 156 + 2), /one byte order/);
  });

  it('must have blocks of a known size and a root', async () => {
    await refused((image) => image.setDescriptor(16, { logicalBlockSize: 0 }), /blocks of 0/);
    await refused((image) => image.setDescriptor(16, { logicalBlockSize: 4096 }), /blocks of 4096/);
    await refused((image) => image.setDescriptor(16, { rootDirectory: new Uint8Array(34) }), /root/);
  });
});

describe('directories', () => {
  it('that lead into themselves are refused', async () => {
    const image = await ImageBytes.of(sample());
    const deeper = await image.record('FOLDER', 'DEEPER');
    image.setRecord(deeper, { extentLocation: (await image.record('FOLDER')).record.extentLocation });
    await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', message: expect.stringMatching(/two ways/) as string });
    image.setRecord(deeper, { extentLocation: await image.rootSector() });
    await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', message: expect.stringMatching(/two ways/) as string });
  });

  it('can be listed again', async () => {
    const { root } = await open((await ImageBytes.of(sample())).disk);
    for (let time = 0; time < 2; time++) {
      const names: string[] = [];
      for await (const { path } of walk(root)) names.push(path);
      expect(names).toHaveLength(8);
    }
  });

  it('that lie upon each other end before the work does', async () => {
    const image = await ImageBytes.of(
      tree(
        'Many',
        Array.from({ length: 40 }, (_, index) => folder(`f${index}`, [file('x', 'x')])),
      ),
    );
    for (const { record, offset, identifier, ...rest } of await image.records(await image.rootSector())) {
      if (identifier.length > 1) image.setRecord({ record, offset, identifier, ...rest }, { dataLength: 30 * SECTOR });
    }
    await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660' });
  });

  it('with two entries of one name are refused', async () => {
    const image = await ImageBytes.of(sample());
    const [one, other] = [await image.record('A.TXT;1'), await image.record('B.TXT;1')];
    image.bytes[image.systemUse(other, 'NM') + NM.size] = 0x61;
    await expect(paths(image)).rejects.toMatchObject({
      code: 'E_ISO9660',
      offset: other.offset,
      message: 'two entries have the name "a.txt"',
    });
    expect(await paths(image, 'iso9660')).toContain('B.TXT');
    image.bytes[other.offset + 33] = image.bytes[one.offset + 33];
    await expect(paths(image, 'iso9660')).rejects.toMatchObject({ code: 'E_ISO9660' });
  });

  it.each(['..', 'a/b', 'a\0b'])('with a name like %j are refused', async (name) => {
    const image = await ImageBytes.of(tree('Name', [file('x'.repeat(name.length), 'x')]));
    const record = await image.record(`${'X'.repeat(name.length)}.;1`);
    image.bytes.set(new TextEncoder().encode(name), image.systemUse(record, 'NM') + NM.size);
    await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', field: 'DirectoryRecord.identifier' });
  });
});

describe('files', () => {
  it('beyond the image are refused where they are listed', async () => {
    for (const fields of [{ extentLocation: 0xffff_fff0 }, { dataLength: 0xffff_fff0 }, { extendedAttributeLength: 255 }]) {
      const image = await ImageBytes.of(sample());
      image.setRecord(await image.record('A.TXT;1'), fields);
      await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', field: 'DirectoryRecord.extentLocation' });
    }
  });

  it('begin after their extended attribute record', async () => {
    const image = await ImageBytes.of(sample());
    const { record } = await image.record('B.TXT;1');
    image.setRecord(await image.record('A.TXT;1'), {
      extendedAttributeLength: 1,
      extentLocation: record.extentLocation - 1,
      dataLength: record.dataLength,
    });
    expect(await text(await find(await open(image.disk), 'a.txt'))).toBe('second');
  });

  it('that are interleaved or on another volume are refused by name', async () => {
    for (const fields of [{ fileUnitSize: 1 }, { interleaveGapSize: 1 }, { volumeSequenceNumber: 2 }]) {
      const image = await ImageBytes.of(sample());
      image.setRecord(await image.record('A.TXT;1'), fields);
      await expect(paths(image)).rejects.toMatchObject({ code: 'E_UNSUPPORTED', message: expect.stringContaining('"a.txt"') as string });
    }
  });

  it('without their last section are refused', async () => {
    const image = await ImageBytes.of(sample());
    image.setRecord(await image.record('A.TXT;1'), { fileFlags: FileFlag.multiExtent });
    await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', message: expect.stringMatching(/section/) as string });
  });

  it('that are hidden are shown, and say so', async () => {
    const image = await ImageBytes.of(sample());
    image.setRecord(await image.record('A.TXT;1'), { fileFlags: FileFlag.hidden });
    expect((await find(await open(image.disk), 'a.txt'))?.flags).toBe(0x8000);
  });

  it('have their associated file as resource fork', async () => {
    const image = await ImageBytes.of(tree('Fork', [file('a', 'the fork'), file('b', 'the data')]), { rockRidge: false });
    const [fork, data] = [await image.record('A.;1'), await image.record('B.;1')];
    image.setRecord(fork, { fileFlags: FileFlag.associated });
    await expect(paths(image, 'iso9660')).rejects.toMatchObject({
      code: 'E_ISO9660',
      message: expect.stringMatching(/associated/) as string,
    });
    image.bytes[data.offset + 33] = 0x41;
    const entry = await find(await open(image.disk, { view: 'iso9660' }), 'A');
    if (entry?.type !== 'file') throw new Error('no file');
    expect(await text(entry)).toBe('the data');
    expect(new TextDecoder().decode(await entry.resourceFork!.read(0, 8))).toBe('the fork');
  });
});

describe('Rock Ridge', () => {
  const LONG = `long ${'n'.repeat(200)}`;
  const longRecord = (image: ImageBytes) => image.record(`LONG_${'N'.repeat(25)}.;1`);

  it('that goes on without end is refused', async () => {
    const image = await ImageBytes.of(sample());
    const record = await longRecord(image);
    const at = image.systemUse(record, 'CE');
    const { block, offset, continuation } = CE.read(image.bytes, at);
    expect(await paths(image)).toContain(LONG);
    const place = block * SECTOR + offset;
    image.bytes.fill(0, place, place + continuation);
    CE.write({ signature: 'CE', length: CE.size, version: 1, block, offset, continuation: CE.size }, image.bytes, place);
    await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', message: expect.stringMatching(/without end/) as string });
  });

  it('that goes on outside of the image, or too long, is refused', async () => {
    for (const change of [{ block: 0xffff_ffff }, { offset: 0xffff_ffff }, { continuation: 2049 }, { continuation: 0xffff_ffff }]) {
      const image = await ImageBytes.of(sample());
      const at = image.systemUse(await longRecord(image), 'CE');
      CE.write({ ...CE.read(image.bytes, at), ...change }, image.bytes, at);
      await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', field: 'CE.continuation' });
    }
  });

  it('must agree with the record on what a file is', async () => {
    const image = await ImageBytes.of(sample());
    const at = image.systemUse(await image.record('A.TXT;1'), 'PX');
    PXSerial.write({ ...PXSerial.read(image.bytes, at), mode: 0o040755 }, image.bytes, at);
    await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', field: 'PX.mode' });
    PXSerial.write({ ...PXSerial.read(image.bytes, at), mode: 0o020644 }, image.bytes, at);
    await expect(paths(image)).rejects.toMatchObject({
      code: 'E_UNSUPPORTED',
      message: expect.stringContaining('"a.txt" is a device') as string,
    });
    PXSerial.write({ ...PXSerial.read(image.bytes, at), mode: 0o120777 }, image.bytes, at);
    await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660' });
  });

  it('with entries that leave their area is refused', async () => {
    for (const length of [0, 3, 255]) {
      const image = await ImageBytes.of(sample());
      image.bytes[image.systemUse(await image.record('A.TXT;1'), 'PX') + 2] = length;
      await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', field: 'SystemUseEntry.length' });
    }
    const image = await ImageBytes.of(sample());
    const at = image.systemUse(await image.record('LINK.;1'), 'SL');
    image.bytes[at + SL.size + 1] = 200;
    await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', message: expect.stringMatching(/component/) as string });
  });

  it('with a name or target that does not end is refused', async () => {
    for (const [identifier, signature] of [
      ['A.TXT;1', 'NM'],
      ['LINK.;1', 'SL'],
    ] as const) {
      const image = await ImageBytes.of(sample());
      image.bytes[image.systemUse(await image.record(identifier), signature) + SystemUseEntry.size] = 1;
      await expect(paths(image)).rejects.toMatchObject({ code: 'E_ISO9660', message: expect.stringMatching(/goes on/) as string });
    }
  });

  /** Turns the dates of a record into a CL, which is shorter. */
  function relocate(image: ImageBytes, record: Awaited<ReturnType<ImageBytes['record']>>, location: number): void {
    const at = image.systemUse(record, 'TF');
    CL.write({ signature: 'CL', length: CL.size, version: 1, location }, image.bytes, at);
    const rest = record.systemUseOffset + record.systemUse.length;
    image.bytes.fill(0, at + CL.size, rest);
  }

  it('shows a relocated directory in its place', async () => {
    const image = await ImageBytes.of(sample());
    const folderSector = (await image.record('FOLDER')).record.extentLocation;
    relocate(image, await image.record('A.TXT;1'), folderSector);
    // The record of the directory itself says that it is listed elsewhere.
    const at = image.systemUse(await image.record('FOLDER'), 'TF');
    image.bytes.set([0x52, 0x45, 4, 1, 0], at);
    expect(await paths(image)).toEqual(expect.arrayContaining(['a.txt', 'a.txt/inside', 'a.txt/deeper/bottom']));
    expect(await paths(image)).not.toContain('folder');
  });

  it('refuses relocated directories that lead in circles or nowhere', async () => {
    for (const where of ['root', 'twice', 'beyond', 'file'] as const) {
      const image = await ImageBytes.of(sample());
      const target = {
        root: await image.rootSector(),
        twice: (await image.record('FOLDER')).record.extentLocation,
        beyond: 0xffff_ffff,
        file: (await image.record('B.TXT;1')).record.extentLocation,
      }[where];
      relocate(image, await image.record('A.TXT;1'), target);
      await expect(paths(image), where).rejects.toMatchObject({ code: 'E_ISO9660' });
    }
  });

  it('links only names of the same bytes', async () => {
    const linked = tree('Links', [file('a', 'same', { linkGroup: 'g' }), file('b', 'same', { linkGroup: 'g' }), file('c', 'else')]);
    const image = await ImageBytes.of(linked);
    const groups = async () => {
      const found: (string | undefined)[] = [];
      for await (const entry of (await open(image.disk)).root.children()) if (entry.type === 'file') found.push(entry.linkGroup);
      return found;
    };
    const [a, b, c] = await groups();
    expect(a).toBe(b);
    expect(c).toBeUndefined();
    const other = await image.record('C.;1');
    image.setRecord(await image.record('B.;1'), { extentLocation: other.record.extentLocation });
    const [first, second] = await groups();
    expect(first).not.toBe(second);
  });

  it('without UTF-8 shows the bytes as ISO 8859-1', async () => {
    const image = await ImageBytes.of(tree('Old', [file('xy', 'x', { times: { modified: NEW_YEAR } })]));
    image.bytes[image.systemUse(await image.record('XY.;1'), 'NM') + NM.size] = 0xe9;
    expect(await paths(image)).toEqual(['éy']);
  });
});
