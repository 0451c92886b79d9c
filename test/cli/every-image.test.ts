/** Whatever kind of image people bring: `sign`, `verify --deep`, `ls`, `cat`, `extract` and `inspect` open it the same way. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Disk } from '../../src/core/disk.ts';
import { format as formatHfsPlus } from '../../src/formats/filesystems/hfsplus/format.ts';
import { format as formatIso } from '../../src/formats/filesystems/iso9660/format.ts';
import { planBridge } from '../../src/formats/filesystems/udf/bridge.ts';
import { format as formatUdf } from '../../src/formats/filesystems/udf/format.ts';
import { partition as apm } from '../../src/formats/partitions/apm/partition.ts';
import { partition as gpt } from '../../src/formats/partitions/gpt/partition.ts';
import { partition as mbr } from '../../src/formats/partitions/mbr/partition.ts';
import { diskseal, type Run } from '../support/command-line.ts';
import { file, NEW_YEAR, tree, folder as treeFolder } from '../support/memory-tree.ts';
import { nrgImage, rawSectors } from '../support/nrg-image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SAMPLE = tree('Sample', [
  treeFolder('Docs', [file('read me.txt', 'text'), file('empty')]),
  file('tool', 'x'.repeat(5000), { mode: 0o755 }),
]);
const OPTIONS = { volumeId: 7n, created: NEW_YEAR };
const bytesOf = (disk: Disk): Promise<Uint8Array> => disk.read(0, disk.size);
const iso = async (): Promise<Uint8Array> => bytesOf(await formatIso(SAMPLE, { created: NEW_YEAR }));
const udf = (): Promise<Disk> => formatUdf(SAMPLE, OPTIONS);

async function bridge(): Promise<Uint8Array> {
  const planned = await planBridge(SAMPLE, OPTIONS);
  const volume = await formatIso(SAMPLE, { created: NEW_YEAR, firstSector: planned.firstSector });
  return bytesOf(await planned.over(volume, volume.contents()));
}

interface Kind {
  readonly name: string;
  readonly make: () => Promise<Uint8Array>;
  readonly placement: 'embedded' | 'detached';
  readonly container: string;
  readonly filesystem: string;
}

const ids = { diskId: new Uint8Array(16).fill(1), volumeIds: [new Uint8Array(16).fill(2)] };
const KINDS: readonly Kind[] = [
  { name: 'ISO 9660', make: iso, placement: 'embedded', container: 'raw', filesystem: 'iso9660' },
  { name: 'UDF beside ISO 9660', make: bridge, placement: 'detached', container: 'raw', filesystem: 'iso9660' },
  { name: 'UDF', make: async () => bytesOf(await udf()), placement: 'detached', container: 'raw', filesystem: 'udf' },
  {
    name: 'UDF behind a GPT',
    make: async () => bytesOf(gpt([{ disk: await udf(), type: 'Apple_HFS', name: 'x' }], ids)),
    placement: 'detached',
    container: 'raw',
    filesystem: 'udf',
  },
  {
    name: 'UDF behind a master boot record',
    make: async () => bytesOf(mbr({ disk: await udf(), type: 'Apple_HFS' }, 1)),
    placement: 'embedded',
    container: 'raw',
    filesystem: 'udf',
  },
  {
    name: 'HFS+ behind an Apple partition map',
    make: async () =>
      bytesOf(apm({ disk: await formatHfsPlus(SAMPLE, { ...OPTIONS, caseSensitive: false }), type: 'Apple_HFS', name: 'x' })),
    placement: 'embedded',
    container: 'raw',
    filesystem: 'hfsplus',
  },
  { name: 'BIN', make: async () => rawSectors(await iso()), placement: 'detached', container: 'bin', filesystem: 'iso9660' },
  {
    name: 'BIN with UDF',
    make: async () => rawSectors(await bytesOf(await udf())),
    placement: 'detached',
    container: 'bin',
    filesystem: 'udf',
  },
  { name: 'NRG', make: async () => nrgImage(await iso(), { gap: 150 }), placement: 'detached', container: 'nrg', filesystem: 'iso9660' },
  {
    name: 'NRG of raw sectors',
    make: async () => nrgImage(await iso(), { raw: true, version: 1, session: 'track at once' }),
    placement: 'detached',
    container: 'nrg',
    filesystem: 'iso9660',
  },
];

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
  await good('keys', 'new', 'keys', '--name', 'Test');
}, 60_000);

const run = (...words: string[]): Promise<Run> => diskseal(words, { cwd: folder });
async function good(...words: string[]): Promise<Run> {
  const done = await run(...words);
  expect(done.code, done.stderr).toBe(0);
  return done;
}
const TRUST = ['--trust', 'keys/publisher.cert.pem'];
const SIGN = [
  '--key',
  'keys/publisher.key.pem',
  '--certificates',
  'keys/publisher.chain.pem',
  '--id',
  'com.example.tool',
  '--product-version',
  '1',
];

describe.each(KINDS)('$name', ({ name, make, placement, container, filesystem }) => {
  const image = `${name.replaceAll(' ', '-')}.image`;
  const trusted = placement === 'detached' ? [...TRUST, '--seal', `${image}.seal`] : TRUST;

  beforeAll(async () => {
    await writeFile(join(folder, image), await make());
    await good('sign', image, ...SIGN);
  }, 60_000);

  test('what is in it was stated, and is as stated', async () => {
    const { checks, statement } = (await good('verify', image, ...trusted, '--deep', '--json')).json() as {
      checks: { name: string; status: string }[];
      statement: { placement: string; content: { entries: number } };
    };
    expect(statement).toMatchObject({ placement, content: { entries: 4 } });
    expect(checks).toContainEqual(expect.objectContaining({ name: 'volume', status: 'ok' }));
  });

  test('it is listed, read and extracted', async () => {
    expect((await good('ls', image, '-R', ...trusted)).stdout.trim().split('\n').sort()).toEqual([
      'Docs/',
      'Docs/empty',
      'Docs/read me.txt',
      'tool',
    ]);
    expect((await good('cat', image, 'Docs/read me.txt', ...trusted)).stdout).toBe('text');
    const out = `${image}.out`;
    await good('extract', image, '-o', out, ...trusted);
    expect((await readdir(join(folder, out), { recursive: true })).sort()).toEqual(['Docs', 'Docs/empty', 'Docs/read me.txt', 'tool']);
    expect(await readFile(join(folder, out, 'tool'), 'utf8')).toBe('x'.repeat(5000));
  });

  test('inspect says what it consists of, and names every byte or shows it as a gap', async () => {
    const summary = (await good('inspect', image, '--json')).json();
    expect(summary).toMatchObject({ container: { kind: container }, volumes: [{ filesystem, name: 'Sample' }] });
    expect((await good('inspect', image)).stdout).toContain('"Sample"');
    const { fields } = (await good('inspect', image, '--raw', '--json')).json() as {
      fields: { space: string; offset: number; length: number }[];
    };
    const first = container === 'raw' ? 'disk' : 'file';
    let end = 0;
    for (const { space, offset, length } of fields) {
      if (space !== first) continue;
      expect(offset).toBeLessThanOrEqual(end);
      end = Math.max(end, offset + length);
    }
    expect(end).toBe((await readFile(join(folder, image))).length);
  });

  test('a changed byte is refused', async () => {
    const bytes = new Uint8Array(await readFile(join(folder, image)));
    const at = Buffer.from(bytes).indexOf('x'.repeat(100));
    bytes[at + 50] ^= 1;
    await writeFile(join(folder, `${image}.bad`), bytes);
    for (const command of [['verify'], ['ls'], ['cat', 'tool'], ['extract', '-o', 'never']]) {
      const [verb = '', ...words] = command;
      expect((await run(verb, `${image}.bad`, ...words, ...trusted)).code, verb).toBe(21);
    }
  });
});
