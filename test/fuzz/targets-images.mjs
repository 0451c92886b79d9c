/** Parsers of images: they read what they want of a Disk. */
import { crc32 } from 'node:zlib';
import { mutateUdif } from './mutate-udif.mjs';

/** Reads like the disk it wraps, and calls it a fault to be asked for what no input can be. */
const disk = ({ 'core/disk': { bytesDisk } }, bytes) => bytesDisk(bytes);

async function drain(iterable, limit = 20_000) {
  let count = 0;
  for await (const _ of iterable) if (++count >= limit) return;
}

/** A file's first and last bytes: what it says of its extents is followed that far. */
async function touch(content) {
  await content.read(0, Math.min(content.size, 4096));
  if (content.size > 4096) await content.read(content.size - 4096, 4096);
}

async function readTree(tree, walk) {
  let entries = 0;
  for await (const { entry } of walk(tree.root)) {
    if (++entries > 5000) return;
    for (const value of entry.xattrs?.values() ?? []) await touch(value);
    if (entry.resourceFork) await touch(entry.resourceFork);
    if (entry.type === 'file') await touch(entry.content);
  }
}

/** Each question apart: a refusal of one is no end of the run. */
async function each(...questions) {
  let refusal;
  for (const ask of questions) {
    try {
      await ask();
    } catch (error) {
      if (error?.name !== 'DisksealError' || error.code === 'E_INTERNAL') throw error;
      refusal = error;
    }
  }
  if (refusal) throw refusal;
}

const platformOf = ({ 'node/platform': { nodePlatform } }) => {
  const platform = nodePlatform({ width: 1, run: async (task, input) => (await task.run(input, platform)).value }, true);
  return platform;
};

export const IMAGES = {
  footer: {
    modules: ['core/disk', 'seal/place', 'seal/area'],
    repair: repairMarks,
    words: ['koly', 'CD001', 'DSEALFTR', 'DSEALHDR'],
    async run(modules, bytes) {
      const image = disk(modules, bytes);
      const place = await modules['seal/place'].findSeal(image);
      if (!place) return;
      const { covered, imageSize, seal } = place.coverage;
      const total = covered.reduce((sum, [, length]) => sum + length, 0) + seal.size;
      if (total !== imageSize) throw new Error(`${imageSize} bytes, and ${total} are accounted for`);
      await modules['seal/area'].checkSlack(place.area);
    },
  },
  udif: {
    shared: ['dmg'],
    modules: [
      'core/disk',
      'node/platform',
      'formats/containers/udif/open',
      'formats/containers/udif/raw',
      'formats/containers/udif/checksums',
    ],
    mutate: mutateUdif,
    async run(modules, bytes) {
      const image = disk(modules, bytes);
      const platform = platformOf(modules);
      const small = (opened) => opened.size < 32 << 20;
      await each(
        () => drain(modules['formats/containers/udif/raw'].rawFields(image)),
        async () => {
          const opened = await modules['formats/containers/udif/open'].open(image, platform);
          if (small(opened)) await modules['formats/containers/udif/checksums'].checksums(image, platform);
          for (const { firstSector, sectorCount } of opened.areas.slice(0, 64)) {
            await opened.read(firstSector * 512, Math.min(sectorCount * 512, 4096));
          }
        },
      );
    },
  },
  partitions: {
    shared: ['parts'],
    modules: [
      'core/disk',
      'formats/partitions/open',
      'formats/partitions/raw',
      ...['gpt', 'apm', 'mbr'].map((map) => `formats/partitions/${map}/open`),
    ],
    repair: repairGpt,
    words: ['EFI PART', 'PM', 'ER', 'Apple_HFS', 'Apple_partition_map'],
    async run(modules, bytes) {
      const image = disk(modules, bytes);
      await each(
        ...['gpt', 'apm', 'mbr'].map((map) => () => modules[`formats/partitions/${map}/open`].open(image)),
        async () => {
          const { partitions } = await modules['formats/partitions/open'].openPartitions(image);
          for (const partition of partitions) await partition.disk.read(0, Math.min(512, partition.disk.size));
        },
        ...['gpt', 'apm', 'mbr'].map((map) => () => modules['formats/partitions/raw'].rawFields(image, map)),
      );
    },
  },
  hfsplus: {
    shared: ['fs'],
    modules: ['core/disk', 'core/file-tree', ...['open', 'check', 'raw'].map((part) => `formats/filesystems/hfsplus/${part}`)],
    async run(modules, bytes) {
      const image = disk(modules, bytes);
      const { walk } = modules['core/file-tree'];
      await each(
        () => modules['formats/filesystems/hfsplus/check'].check(image),
        () => drain(modules['formats/filesystems/hfsplus/raw'].rawFields(image)),
        async () => readTree(await modules['formats/filesystems/hfsplus/open'].open(image, { ignoreJournal: true }), walk),
      );
    },
  },
  iso9660: {
    shared: ['iso'],
    modules: ['core/disk', 'core/file-tree', 'formats/filesystems/iso9660/open'],
    words: ['CD001', 'SP\u0007\u0001', 'NM', 'PX', 'CE', 'CL', 'RE', 'SL', 'RR', 'EL TORITO SPECIFICATION'],
    async run(modules, bytes) {
      const image = disk(modules, bytes);
      const { open, views } = modules['formats/filesystems/iso9660/open'];
      const { walk } = modules['core/file-tree'];
      const found = await views(image);
      await each(...found.map((view) => async () => readTree(await open(image, { view }), walk)));
    },
  },
  udf: {
    // The anchor stands at half a MiB.
    limit: 1 << 20,
    shared: ['iso'],
    modules: ['core/disk', 'core/file-tree', 'formats/filesystems/udf/open'],
    words: ['BEA01', 'NSR02', 'NSR03', 'TEA01', '*OSTA UDF Compliant'],
    repair: repairTags,
    async run(modules, bytes) {
      await readTree(await modules['formats/filesystems/udf/open'].open(disk(modules, bytes)), modules['core/file-tree'].walk);
    },
  },
  bincue: {
    modules: ['core/disk', 'formats/containers/bincue/open', 'formats/containers/bincue/cue-sheet'],
    words: ['FILE "x.bin" BINARY\n', '  TRACK 01 MODE1/2352\n', '    INDEX 01 00:00:00\n'],
    async run(modules, bytes) {
      const { isBin, open } = modules['formats/containers/bincue/open'];
      const image = disk(modules, bytes);
      await isBin(image);
      await each(
        async () => modules['formats/containers/bincue/cue-sheet'].readCueSheet(new TextDecoder().decode(bytes)),
        () => touch(open(image)),
      );
    },
  },
  nrg: {
    modules: ['core/disk', 'formats/containers/nrg/open', 'formats/containers/nrg/raw'],
    words: ['NER5', 'NERO', 'DAOX', 'DAOI', 'ETN2', 'ETNF', 'CUEX', 'SINF', 'END!'],
    async run(modules, bytes) {
      const image = disk(modules, bytes);
      await each(
        async () => touch((await modules['formats/containers/nrg/open'].open(image)).disk),
        () => drain(modules['formats/containers/nrg/raw'].rawFields(image)),
      );
    },
  },
  'ds-store': {
    shared: ['finder'],
    modules: ['formats/finder/ds-store/read', 'formats/finder/ds-store/describe', 'formats/finder/window'],
    words: ['Bud1', 'DSDB', 'Iloc', 'bplist00', 'bwsp', 'icvp', 'pict', 'BKGD', 'fwi0'],
    async run(modules, bytes) {
      const records = modules['formats/finder/ds-store/read'].readStore(bytes);
      await each(
        () => modules['formats/finder/ds-store/describe'].describeRecords(records),
        () => modules['formats/finder/window'].readWindow(records),
      );
    },
  },
  alias: {
    modules: ['formats/finder/alias'],
    words: ['H+', '/Volumes/'],
    run(modules, bytes) {
      modules['formats/finder/alias'].readAlias(bytes);
    },
  },
  picture: {
    modules: ['node/platform', 'formats/finder/pictures/background', 'formats/finder/pictures/png', 'formats/finder/pictures/icns'],
    words: ['IHDR', 'IDAT', 'pHYs', 'PLTE', 'tRNS', 'JFIF', 'icns', 'ic10'],
    async run(modules, bytes) {
      const platform = platformOf(modules);
      await each(
        () => modules['formats/finder/pictures/background'].backgroundOf(bytes, platform),
        () => modules['formats/finder/pictures/png'].decodePng(bytes, platform),
        () => modules['formats/finder/pictures/icns'].readIcns(bytes),
      );
    },
  },
  macho: {
    modules: ['core/disk', 'formats/macho/open'],
    async run(modules, bytes) {
      const { isMachO, open } = modules['formats/macho/open'];
      const program = disk(modules, bytes);
      await isMachO(program);
      for (const { offset, size } of await open(program)) if (offset + size > bytes.length) throw new Error('a part leaves the file');
    },
  },
  layers: {
    shared: ['dmg'],
    modules: ['core/disk', 'node/platform', 'verify/layers'],
    mutate: mutateUdif,
    async run(modules, bytes) {
      const layers = await modules['verify/layers'].openLayers(disk(modules, bytes), platformOf(modules));
      await modules['verify/layers'].openVolume(layers);
    },
  },
  appledouble: {
    modules: ['core/disk', 'formats/finder/apple-double'],
    words: ['ATTR', 'Mac OS X        ', 'com.apple.quarantine'],
    async run(modules, bytes) {
      const { isAppleDouble, readAppleDouble } = modules['formats/finder/apple-double'];
      const file = disk(modules, bytes);
      await isAppleDouble(file);
      const { resourceFork, xattrs } = await readAppleDouble(file);
      if (resourceFork) await touch(resourceFork);
      for (const value of xattrs.values()) await touch(value);
    },
  },
};

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const MARK = 64;

/** docs/seal-format.md 4.1: the checksum of the footer is made right, and the header the same as the footer. */
function repairMarks(bytes) {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf('DSEALFTR');
  if (end < 0 || end + MARK > bytes.length) return;
  const footer = bytes.subarray(end, end + MARK);
  const mark = (magic) => {
    footer.set(Buffer.from(magic));
    view(footer).setUint32(12, 0);
    view(footer).setUint32(12, crc32(footer));
  };
  const start = end + MARK - Number(view(footer).getBigUint64(16));
  mark('DSEALHDR');
  if (Number.isSafeInteger(start) && start >= 0 && start + MARK <= end) bytes.copyWithin(start, end, end + MARK);
  mark('DSEALFTR');
}

/** UEFI 5.3.2: header and table are believed only with the right checksums. */
function repairGpt(bytes) {
  for (let at = 512; at + 92 <= bytes.length; at += 512) {
    if (Buffer.from(bytes.buffer, bytes.byteOffset + at, 8).toString('latin1') !== 'EFI PART') continue;
    const header = bytes.subarray(at, at + 92);
    const table = Number(view(header).getBigUint64(72, true)) * 512;
    const length = view(header).getUint32(80, true) * view(header).getUint32(84, true);
    if (table + length <= bytes.length) view(header).setUint32(88, crc32(bytes.subarray(table, table + length)), true);
    view(header).setUint32(16, 0, true);
    view(header).setUint32(16, crc32(bytes.subarray(at, at + Math.min(view(header).getUint32(12, true), bytes.length - at))), true);
  }
}

/** ECMA-167 3/7.2: a descriptor is believed only with the right checksums, of its body (CRC-16) and of its tag. */
function repairTags(bytes) {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const tag = bytes.subarray(at, at + 16);
    const [identifier, version] = [view(tag).getUint16(0, true), view(tag).getUint16(2, true)];
    if ((version !== 2 && version !== 3) || identifier === 0 || (identifier > 9 && identifier < 256) || identifier > 266) continue;
    const body = bytes.subarray(at + 16, at + 16 + view(tag).getUint16(10, true));
    view(tag).setUint16(8, crc16(body), true);
    tag[4] = 0;
    tag[4] = tag.reduce((sum, octet) => sum + octet, 0) & 0xff;
  }
}

function crc16(bytes) {
  let crc = 0;
  for (const octet of bytes) {
    crc ^= octet << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}
