/** `diskseal inspect`: what an image consists of. It trusts nothing, and says so. */
import type { Disk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import { type RawField, toHex } from '../../core/struct.ts';
import { rawFields as rawUdif } from '../../formats/containers/udif/raw.ts';
import { type HfsPlusTree, open as openHfsPlus } from '../../formats/filesystems/hfsplus/open.ts';
import { rawFields as rawHfsPlus } from '../../formats/filesystems/hfsplus/raw.ts';
import { VolumeAttribute } from '../../formats/filesystems/hfsplus/structs.ts';
import { open as openIso9660, type ViewName, views } from '../../formats/filesystems/iso9660/open.ts';
import { rawFields as rawIso9660 } from '../../formats/filesystems/iso9660/raw.ts';
import { open as openUdf } from '../../formats/filesystems/udf/open.ts';
import { rawFields as rawPartitions } from '../../formats/partitions/raw.ts';
import { openFile } from '../../node/file-disk.ts';
import { parseSignedData } from '../../pki/cms.ts';
import type { SealPlace } from '../../seal/area.ts';
import { findSeal } from '../../seal/place.ts';
import { rawFields as rawSeal } from '../../seal/raw.ts';
import { parseStatement, type Statement } from '../../seal/statement.ts';
import { type Container, divide, filesystemName, type Layers, openContainer, type Volume } from '../../verify/layers.ts';
import type { Call } from '../command.ts';
import { withPlatform } from '../platform.ts';
import { errorDocument } from '../terminal/errors.ts';
import { type Output, ReportedError } from '../terminal/output.ts';
import { counted, grouped, humanSize } from '../terminal/printable.ts';
import { merged, rawLine, shifted, withGaps } from '../terminal/raw-view.ts';

interface Options {
  readonly raw?: boolean;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [path] = given as [string];
  await withPlatform(async (platform) => {
    const image = await openFile(path);
    try {
      const container = await openContainer(image, platform);
      const seal = await sealOf(image, platform);
      const layers = await divide(container).catch((error: unknown) => {
        // What the container says is worth showing even where its disk cannot be read.
        if (!(error instanceof DisksealError) || container.container === 'raw' || options.raw) throw error;
        return error;
      });
      if (layers instanceof DisksealError) await showContainer(path, image, container, seal, layers, output);
      else if (options.raw) await showRaw(path, image, layers, seal, output);
      else await showSummary(path, image, layers, seal, output);
    } catch (error) {
      throw error instanceof DisksealError ? error.with({ path }) : error;
    } finally {
      await image.close();
    }
  });
}

interface SealSummary {
  readonly found?: SealPlace;
  readonly statement?: Statement;
  /** Certificates as they stand in the seal, with their fingerprints. */
  readonly certificates?: readonly {
    readonly subject: string;
    readonly issuer: string;
    readonly notAfter: number;
    readonly sha256: string;
  }[];
  /** Why the seal cannot be read. */
  readonly fault?: DisksealError;
}

/** Nothing when there is no seal. What it says is repeated, not checked. */
async function sealOf(image: Disk, platform: Platform): Promise<SealSummary | undefined> {
  let found: SealPlace | undefined;
  try {
    found = await findSeal(image);
    if (!found) return undefined;
    const { offset, layout, mark } = found.area;
    const { content, certificates } = parseSignedData(await image.read(offset + layout.cms, mark.cmsLength), offset + layout.cms);
    const described = [];
    for (const { subject, issuer, notAfter, bytes } of certificates) {
      described.push({ subject: subject.text, issuer: issuer.text, notAfter, sha256: toHex(await platform.digest('sha256', bytes)) });
    }
    return { found, certificates: described, statement: parseStatement(content) };
  } catch (fault) {
    if (!(fault instanceof DisksealError)) throw fault;
    return { ...(found ? { found } : {}), fault };
  }
}

/** Of an ISO 9660 or UDF volume: its name, and the trees that ISO 9660 shows. */
interface DiscFacts {
  readonly name: string;
  readonly views?: readonly ViewName[];
}

type Facts = HfsPlusTree | DiscFacts | DisksealError | undefined;

/** What is read of a volume; a fault of one does not hide the others. */
async function volumeFacts({ disk, filesystem }: Volume): Promise<Facts> {
  try {
    if (filesystem === 'iso9660') return { name: (await openIso9660(disk)).root.name, views: await views(disk) };
    if (filesystem === 'udf') return { name: (await openUdf(disk)).root.name };
    return filesystem === 'hfsplus' || filesystem === 'hfsx' ? await openHfsPlus(disk, { ignoreJournal: true }) : undefined;
  } catch (error) {
    if (error instanceof DisksealError) return error;
    throw error;
  }
}

async function showSummary(path: string, image: Disk, layers: Layers, seal: SealSummary | undefined, output: Output): Promise<void> {
  const volumes = [];
  for (const volume of layers.volumes) volumes.push({ volume, facts: await volumeFacts(volume) });
  if (output.json) {
    return output.document({
      ...containerDocument(path, image, layers),
      partitionMap: layers.map,
      partitions: layers.partitions.map(({ position, disk, type, name }) => ({ position, size: disk.size, type, name })),
      volumes: volumes.map(({ volume, facts }) => volumeDocument(volume, facts)),
      seal: seal ? sealDocument(seal) : null,
    });
  }
  await showLines(output, containerLines(path, image, layers));
  await showLines(output, [['map', MAP_NAMES[layers.map]]]);
  for (const { position, disk, type, name } of layers.partitions) {
    await showLines(output, [['partition', `${type}${name ? ` "${name}"` : ''} at ${position}, ${sizeText(disk.size)}`]]);
  }
  for (const { volume, facts } of volumes) await showLines(output, volumeLines(volume, facts));
  await showLines(output, sealLines(seal));
  output.note('nothing was verified: "diskseal verify" says who signed it and whether it is intact');
}

/** As much as can be said of a container whose disk cannot be read; then the reason, which decides the exit code. */
async function showContainer(
  path: string,
  image: Disk,
  container: Container,
  seal: SealSummary | undefined,
  fault: DisksealError,
  output: Output,
): Promise<void> {
  const error = fault.with({ path });
  await output.document({
    ...containerDocument(path, image, container),
    seal: seal ? sealDocument(seal) : null,
    error: errorDocument(error),
  });
  await showLines(output, [...containerLines(path, image, container), ...sealLines(seal)]);
  throw output.json ? new ReportedError(error) : error;
}

type Line = readonly [label: string, text: string];

async function showLines(output: Output, lines: readonly Line[]): Promise<void> {
  for (const [label, text] of lines) await output.line(`${output.paint('strong', label.padEnd(11))} ${output.paint('plain', text)}`);
}

const MAP_NAMES: Record<Layers['map'], string> = {
  gpt: 'GUID partition table',
  apm: 'Apple partition map',
  mbr: 'master boot record',
  none: 'none',
};

function containerDocument(path: string, image: Disk, { container, disk }: Container): object {
  return { image: path, size: image.size, verified: false, container: { kind: container, diskSize: disk.size } };
}

function containerLines(path: string, image: Disk, { container, disk }: Container): Line[] {
  const what = container === 'udif' ? `UDIF, holds a disk of ${sizeText(disk.size)}` : 'none: the file is the disk';
  return [
    ['image', `${path}, ${sizeText(image.size)}`],
    ['container', what],
  ];
}

const VIEW_NAMES: Record<ViewName, string> = {
  rockRidge: 'Rock Ridge',
  joliet: 'Joliet',
  enhanced: 'ISO 9660:1999',
  iso9660: 'plain names',
};

function volumeDocument({ position, filesystem, disk }: Volume, facts: Facts): object {
  const common = { position, size: disk.size, filesystem };
  if (facts instanceof DisksealError) return { ...common, error: errorDocument(facts) };
  if (!facts) return common;
  if (!('header' in facts)) return { ...common, ...facts };
  const { blockSize, totalBlocks, freeBlocks, fileCount, folderCount } = facts.header;
  const journaled = isJournaled(facts);
  return {
    ...common,
    name: facts.root.name,
    caseSensitive: facts.caseSensitive,
    journaled,
    blockSize,
    totalBlocks,
    freeBlocks,
    files: fileCount,
    folders: folderCount,
  };
}

function volumeLines({ position, filesystem }: Volume, facts: Facts): Line[] {
  const what = `${filesystemName(filesystem)} at ${position}`;
  if (facts instanceof DisksealError) return [['volume', `${what}, which cannot be read: ${facts.message} (${facts.code})`]];
  if (!facts)
    return [
      ['volume', filesystem === 'unknown' ? `at ${position}: ${filesystemName(filesystem)}` : `${what}, which this version does not read`],
    ];
  if (!('header' in facts)) {
    const shown = facts.views?.map((view) => VIEW_NAMES[view]).join(', ');
    return [['volume', `"${facts.name}", ${what}${shown ? ` (${shown})` : ''}`]];
  }
  const { blockSize, totalBlocks, freeBlocks, fileCount, folderCount } = facts.header;
  const kind = [facts.caseSensitive ? 'case-sensitive' : '', isJournaled(facts) ? 'journaled' : ''].filter(Boolean).join(', ');
  return [
    ['volume', `"${facts.root.name}", ${what}${kind ? ` (${kind})` : ''}`],
    [
      '',
      `${counted(fileCount, 'file')}, ${counted(folderCount, 'folder')}; ${grouped(totalBlocks)} blocks of ${grouped(blockSize)} bytes, ${grouped(freeBlocks)} free`,
    ],
  ];
}

function isJournaled({ header }: HfsPlusTree): boolean {
  return (header.attributes & VolumeAttribute.journaled) !== 0;
}

function sealDocument({ found, statement, certificates, fault }: SealSummary): object {
  const { area, coverage, appleFrame } = found ?? {};
  return {
    verified: false,
    ...(area && coverage ? { offset: area.offset, size: area.layout.size, covered: coverage.covered, appleFrame } : {}),
    ...(statement ? { statement } : {}),
    ...(certificates ? { certificates } : {}),
    ...(fault ? { error: errorDocument(fault) } : {}),
  };
}

function sealLines(seal: SealSummary | undefined): Line[] {
  if (!seal) return [['seal', 'none']];
  const { found, statement, certificates = [], fault } = seal;
  const lines: Line[] = [];
  if (found)
    lines.push(['seal', `${sizeText(found.area.layout.size)} at ${found.area.offset}; what it says is NOT VERIFIED, anyone can write it:`]);
  if (statement) {
    const { product, version, build, platform, arch, channel, content } = statement;
    const number = build === undefined ? '' : ` (build ${build})`;
    lines.push([
      '',
      `${product} ${version}${number} for ${platform}/${arch}, channel ${channel}; ${counted(content.entries, 'entry', 'entries')}`,
    ]);
  }
  for (const { subject, notAfter, sha256 } of certificates) {
    lines.push(
      ['', `certificate of ${subject}, until ${new Date(notAfter * 1000).toISOString().slice(0, 10)}`],
      ['', `  sha256:${sha256}`],
    );
  }
  if (fault) lines.push([found ? '' : 'seal', `it cannot be read: ${fault.message} (${fault.code})`]);
  return lines;
}

function sizeText(bytes: number): string {
  return bytes < 1000 ? `${bytes} bytes` : `${humanSize(bytes)} (${grouped(bytes)} bytes)`;
}

/** The file, and where a container holds a disk, that disk: each front to back. */
async function showRaw(path: string, image: Disk, layers: Layers, seal: SealSummary | undefined, output: Output): Promise<void> {
  const spaces: { title: string; space: string; fields: AsyncIterable<RawField> }[] = [];
  const inside = merged(await rawPartitions(layers.disk, layers.map), ...layers.volumes.map(rawVolume));
  const area = seal?.found ? await rawSeal(seal.found.area) : [];
  if (layers.container === 'udif') {
    spaces.push({ title: `file ${path}, ${image.size} bytes`, space: 'file', fields: withGaps(image, merged(rawUdif(image), area)) });
    spaces.push({ title: `disk in ${path}, ${layers.disk.size} bytes`, space: 'disk', fields: withGaps(layers.disk, inside) });
  } else {
    spaces.push({ title: `disk ${path}, ${image.size} bytes`, space: 'disk', fields: withGaps(image, merged(inside, area)) });
  }
  if (output.json) return output.list({ image: path, size: image.size, verified: false }, 'fields', documents(spaces));
  for (const { title, fields } of spaces) {
    await output.line(output.paint('strong', `# ${title}`));
    for await (const field of fields) {
      if (output.closed) return;
      await output.line(output.paint(field.label === 'gap' ? 'dim' : 'plain', rawLine(field)));
    }
  }
}

function rawVolume({ disk, filesystem, position }: Volume): AsyncIterable<RawField> | Iterable<RawField> {
  if (filesystem === 'iso9660') return shifted(rawIso9660(disk), position);
  return filesystem === 'hfsplus' || filesystem === 'hfsx' ? shifted(rawHfsPlus(disk), position) : [];
}

async function* documents(spaces: readonly { space: string; fields: AsyncIterable<RawField> }[]): AsyncGenerator<object> {
  for (const { space, fields } of spaces) {
    for await (const { offset, bytes, length, label, value, note } of fields) {
      yield {
        space,
        offset,
        length: length ?? bytes.length,
        label,
        value,
        ...(note ? { note } : {}),
        ...(bytes.length > 0 ? { bytes: toHex(bytes) } : {}),
      };
    }
  }
}
