/** The raw view of an image: the file and, where a container holds a disk, that disk, each front to back. */
import type { Disk } from '../../core/disk.ts';
import { type RawField, toHex } from '../../core/struct.ts';
import { rawFields as rawBin } from '../../formats/containers/bincue/raw.ts';
import { rawFields as rawNrg } from '../../formats/containers/nrg/raw.ts';
import { rawFields as rawUdif } from '../../formats/containers/udif/raw.ts';
import { rawFields as rawHfsPlus } from '../../formats/filesystems/hfsplus/raw.ts';
import { rawFields as rawIso9660 } from '../../formats/filesystems/iso9660/raw.ts';
import { rawFields as rawPartitions } from '../../formats/partitions/raw.ts';
import type { Area } from '../../seal/area.ts';
import { rawFields as rawSeal } from '../../seal/raw.ts';
import type { Layers, Volume } from '../../verify/layers.ts';
import type { Output } from '../terminal/output.ts';
import { merged, rawLine, shifted, withGaps } from '../terminal/raw-view.ts';

type Fields = AsyncIterable<RawField> | Iterable<RawField>;

interface Space {
  readonly title: string;
  readonly space: 'file' | 'disk';
  readonly fields: AsyncIterable<RawField>;
}

/** @param seal - where its area stands, when it was found */
export async function showRaw(path: string, image: Disk, layers: Layers, seal: Area | undefined, output: Output): Promise<void> {
  const spaces = await spacesOf(path, image, layers, seal);
  if (output.json) return output.list({ image: path, size: image.size, verified: false }, 'fields', documents(spaces));
  for (const { title, fields } of spaces) {
    await output.line(output.paint('strong', `# ${title}`));
    for await (const field of fields) {
      if (output.closed) return;
      await output.line(output.paint(field.label === 'gap' ? 'dim' : 'plain', rawLine(field)));
    }
  }
}

async function spacesOf(path: string, image: Disk, layers: Layers, seal: Area | undefined): Promise<Space[]> {
  const { disk, map, volumes, container } = layers;
  const inside = merged(await rawPartitions(disk, map), ...volumes.map(rawVolume));
  const area = seal ? await rawSeal(seal) : [];
  if (container === 'raw') {
    return [{ title: `disk ${path}, ${image.size} bytes`, space: 'disk', fields: withGaps(image, merged(inside, area)) }];
  }
  const own = await rawContainer(image, container);
  return [
    { title: `file ${path}, ${image.size} bytes`, space: 'file', fields: withGaps(image, merged(own, area)) },
    { title: `disk in ${path}, ${disk.size} bytes`, space: 'disk', fields: withGaps(disk, inside) },
  ];
}

async function rawContainer(image: Disk, container: Layers['container']): Promise<Fields> {
  if (container === 'nrg') return rawNrg(image);
  return container === 'bin' ? rawBin(image) : rawUdif(image);
}

function rawVolume({ disk, filesystem, position }: Volume): Fields {
  if (filesystem === 'iso9660') return shifted(rawIso9660(disk), position);
  return filesystem === 'hfsplus' || filesystem === 'hfsx' ? shifted(rawHfsPlus(disk), position) : [];
}

async function* documents(spaces: readonly Space[]): AsyncGenerator<object> {
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
