import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBootSector } from '../../src/manifest/boot-sector.ts';
import { folderOf } from '../support/temporary-folder.ts';
import { failure, faultsOf, HEAD, load } from './tree-of.ts';

const ITEM = 'contents: [{ src: a }]\n';
const BIOS = '{ path: l, platform: bios }';
const UEFI = '{ path: e, platform: uefi }';
const iso = (text: string): string => `${HEAD}${ITEM}iso: { ${text} }\n`;

describe('iso.hybrid', () => {
  it.each([
    `boot: [${BIOS}, ${UEFI}], hybrid: gpt, bootSector: s`,
    `boot: [${UEFI}], hybrid: mbr, udf: true`,
    `boot: [${BIOS}], hybrid: mbr, boot-sector: s`,
    `boot: [{ path: l, platform: bios, infoTable: grub }]`,
  ])('%s', async (text) => {
    await expect(load(iso(text))).resolves.toBeDefined();
  });

  it.each([
    ['hybrid: gpt', 'nothing would start'],
    [`boot: [${BIOS}], hybrid: gpt`, 'nothing would start'],
    [`boot: [${UEFI}], hybrid: gpt, bootSector: s`, 'starts a loader for bios'],
    [`boot: [${BIOS}], bootSector: s`, 'needs "hybrid"'],
    [`boot: [${UEFI}], hybrid: gpt, udf: true`, 'last sector'],
    [`boot: [${UEFI}], hybrid: apm`, '"hybrid" is one of none, mbr, gpt'],
    ['boot: [{ path: l, platform: bios, infoTable: lilo }]', 'true, false or grub'],
  ])('%s: refused', async (text, reason) => {
    const faults = await faultsOf(load(iso(text)));
    expect(faults).toEqual([expect.stringMatching(/^4:\d+ /)]);
    expect(faults[0]).toContain(reason);
  });
});

describe('the boot sector', () => {
  const text = iso(`boot: [${BIOS}], hybrid: mbr, bootSector: ../outside/sector`);
  const read = async (name: string, folder: string, allowOutside = false): Promise<Uint8Array> =>
    readBootSector(name, await load(text, folder, { allowOutside }));

  it('is read from the manifest’s folder, or from elsewhere when that is allowed', async () => {
    const place = await folderOf({ 'in/sector': new Uint8Array(432).fill(3), outside: new Uint8Array(512) });
    expect(await read('sector', join(place, 'in'))).toHaveLength(432);
    const refused = await failure(read('../outside', join(place, 'in')));
    expect(refused).toMatchObject({ code: 'E_MANIFEST', line: 4, message: expect.stringContaining('outside') });
    expect(await read('../outside', join(place, 'in'), true)).toHaveLength(512);
  });

  it('is a file of a boot sector’s size', async () => {
    const place = await folderOf({ short: new Uint8Array(431), long: new Uint8Array(513), 'folder/x': '', good: new Uint8Array(440) });
    await symlink('good', join(place, 'link'));
    for (const name of ['short', 'long', 'folder', 'link', 'nothing']) {
      expect(await failure(read(name, place)), name).toMatchObject({ code: 'E_MANIFEST', line: 4 });
    }
  });
});
