/** `diskseal inspect`: what an image consists of. It trusts nothing, and says so. */
import type { Disk } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import { toHex } from '../../core/struct.ts';
import { type HfsPlusTree, open as openHfsPlus } from '../../formats/filesystems/hfsplus/open.ts';
import { VolumeAttribute } from '../../formats/filesystems/hfsplus/structs.ts';
import { open as openIso9660, type ViewName, views } from '../../formats/filesystems/iso9660/open.ts';
import { open as openUdf } from '../../formats/filesystems/udf/open.ts';
import type { DescribedRecord } from '../../formats/finder/ds-store/describe.ts';
import { openFile } from '../../node/file-disk.ts';
import { parseSignedData } from '../../pki/cms.ts';
import type { SealPlace } from '../../seal/area.ts';
import { readIsoVolume } from '../../seal/iso-volume.ts';
import { findSeal } from '../../seal/place.ts';
import { parseStatement, type Statement } from '../../seal/statement.ts';
import { type Container, divide, filesystemName, type Layers, openContainer, type Volume } from '../../verify/layers.ts';
import type { Call } from '../command.ts';
import { type StoreFacts, storeIn, storeLines, storeOf } from '../images/finder-store.ts';
import { licenceLines, licenceOf } from '../images/licence.ts';
import { showRaw } from '../images/raw-spaces.ts';
import { withPlatform } from '../platform.ts';
import { errorDocument } from '../terminal/errors.ts';
import { type Output, ReportedError } from '../terminal/output.ts';
import { counted, grouped, humanSize, printable } from '../terminal/printable.ts';

interface Options {
  readonly raw?: boolean;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [path] = given as [string];
  await withPlatform(async (platform) => {
    const image = await openFile(path);
    try {
      const store = options.raw ? undefined : await storeIn(image);
      if (store) return await showStore(path, image, store, output);
      const container = await openContainer(image, platform);
      const seal = await sealOf(image, platform);
      const layers = await divide(container).catch((error: unknown) => {
        // What the container says is worth showing even where its disk cannot be read.
        if (!(error instanceof DisksealError) || container.container === 'raw' || options.raw) throw error;
        return error;
      });
      if (layers instanceof DisksealError) await showContainer(path, image, container, seal, layers, output);
      else if (options.raw) await showRaw(path, image, layers, seal?.found?.area, output);
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
  readonly views?: readonly ShownView[];
}

/** UDF beside ISO 9660 is one more tree of the same files. */
type ShownView = ViewName | 'udf';

type Facts = HfsPlusTree | DiscFacts | DisksealError | undefined;

/** What is read of a volume; a fault of one does not hide the others. */
async function volumeFacts({ disk, filesystem }: Volume): Promise<Facts> {
  try {
    if (filesystem === 'iso9660') {
      const { name } = (await openIso9660(disk)).root;
      return { name, views: [...(await views(disk)), ...((await hasUdfBeside(disk)) ? (['udf'] as const) : [])] };
    }
    if (filesystem === 'udf') return { name: (await openUdf(disk)).root.name };
    return filesystem === 'hfsplus' || filesystem === 'hfsx' ? await openHfsPlus(disk, { ignoreJournal: true }) : undefined;
  } catch (error) {
    if (error instanceof DisksealError) return error;
    throw error;
  }
}

async function hasUdfBeside(disk: Disk): Promise<boolean> {
  try {
    return (await readIsoVolume(disk)).udf;
  } catch (error) {
    if (error instanceof DisksealError) return false;
    throw error;
  }
}

async function showSummary(path: string, image: Disk, layers: Layers, seal: SealSummary | undefined, output: Output): Promise<void> {
  const licence = layers.container === 'udif' ? await licenceOf(image) : [];
  const volumes = [];
  for (const volume of layers.volumes) {
    const facts = await volumeFacts(volume);
    volumes.push({ volume, facts, store: facts && 'header' in facts ? await storeOf(facts) : undefined });
  }
  if (output.json) {
    return output.document({
      ...containerDocument(path, image, layers),
      ...(licence.length > 0 ? { licence } : {}),
      partitionMap: layers.map,
      partitions: layers.partitions.map(({ position, disk, type, name }) => ({ position, size: disk.size, type, name })),
      volumes: volumes.map(({ volume, facts, store }) => ({ ...volumeDocument(volume, facts), ...storeDocument(store) })),
      seal: seal ? sealDocument(seal) : null,
    });
  }
  await showLines(output, containerLines(path, image, layers));
  await showLines(output, licenceLines(licence));
  await showLines(output, [['map', MAP_NAMES[layers.map]]]);
  for (const { position, disk, type, name } of layers.partitions) {
    await showLines(output, [['partition', `${type}${name ? ` "${name}"` : ''} at ${position}, ${sizeText(disk.size)}`]]);
  }
  for (const { volume, facts, store } of volumes) await showLines(output, [...volumeLines(volume, facts), ...finderLines(store)]);
  await showLines(output, sealLines(seal));
  output.note('nothing was verified: "diskseal verify" says who signed it and whether it is intact');
}

/** A file that is no image: what the Finder remembers about a folder. */
async function showStore(path: string, file: Disk, store: readonly DescribedRecord[], output: Output): Promise<void> {
  await output.document({ image: path, size: file.size, verified: false, finder: store });
  await showLines(output, [['.DS_Store', `${path}, ${sizeText(file.size)}`], ...finderLines(store)]);
}

function storeDocument(store: StoreFacts): object {
  if (!store) return {};
  return { finder: store instanceof DisksealError ? { error: errorDocument(store) } : store };
}

function finderLines(store: StoreFacts): Line[] {
  if (!store) return [];
  if (store instanceof DisksealError) return [['finder', `its .DS_Store cannot be read: ${store.message} (${store.code})`]];
  return storeLines(store).map((line, index) => [index === 0 ? 'finder' : '', printable(line)] as const);
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

const CONTAINER_NAMES: Record<Exclude<Container['container'], 'raw'>, string> = {
  udif: 'UDIF',
  nrg: 'NRG (Nero)',
  bin: 'BIN (raw sectors of a CD)',
};

function containerLines(path: string, image: Disk, { container, disk }: Container): Line[] {
  const what = container === 'raw' ? 'none: the file is the disk' : `${CONTAINER_NAMES[container]}, holds a disk of ${sizeText(disk.size)}`;
  return [
    ['image', `${path}, ${sizeText(image.size)}`],
    ['container', what],
  ];
}

const VIEW_NAMES: Record<ShownView, string> = {
  rockRidge: 'Rock Ridge',
  joliet: 'Joliet',
  enhanced: 'ISO 9660:1999',
  iso9660: 'plain names',
  udf: 'UDF',
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
