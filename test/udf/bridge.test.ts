import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type FileTree, walk } from '../../src/core/file-tree.ts';
import { format as formatIso } from '../../src/formats/filesystems/iso9660/format.ts';
import { open as openIso } from '../../src/formats/filesystems/iso9660/open.ts';
import { planBridge } from '../../src/formats/filesystems/udf/bridge.ts';
import { open as openUdf } from '../../src/formats/filesystems/udf/open.ts';
import { compareHybridViews } from '../../src/seal/hybrid-views.ts';
import { file, folder, NEW_YEAR, symlink, tree } from '../support/memory-tree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const OPTIONS = { volumeId: 0x0123_4567_89ab_cdefn, created: NEW_YEAR };

const SAMPLE = tree('Bridge', [
  folder('Docs', [file('日本語.txt', 'text'), file('empty')]),
  file('b', 'linked', { linkGroup: 'g' }),
  file('a', 'linked', { linkGroup: 'g' }),
  file('large', new Uint8Array(100_000).fill(7)),
  symlink('Applications', '/Applications'),
]);

async function bridged(given: FileTree, warn?: (message: string, path?: string) => void) {
  const bridge = await planBridge(given, { ...OPTIONS, ...(warn ? { warn } : {}) });
  const iso = await formatIso(given, { created: NEW_YEAR, firstSector: bridge.firstSector });
  return bridge.over(iso, iso.contents());
}

async function files({ root }: FileTree): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { path, entry } of walk(root)) {
    if (entry.type === 'file') found[path] = new TextDecoder('latin1').decode(await entry.content.read(0, entry.content.size));
  }
  return found;
}

const has7z = spawnSync('7z', ['i']).status === 0;
if (!has7z) console.warn('7z is not installed: it is not asked about UDF bridges');

describe('a UDF bridge', () => {
  test('both volumes show the same files, stored once', async () => {
    const disk = await bridged(SAMPLE);
    expect(await files(await openUdf(disk))).toEqual(await files(await openIso(disk)));
    await compareHybridViews(disk);
    expect(disk.size).toBeLessThan(2_048 * 600);
  });
  test('symbolic links are left out of UDF, which is said', async () => {
    const warnings: string[] = [];
    await bridged(SAMPLE, (message, path) => warnings.push(`${path}: ${message}`));
    expect(warnings).toContain('Applications: the UDF view leaves out symbolic links');
  });
  test('a sector that is not free is not overwritten', async () => {
    const bridge = await planBridge(SAMPLE, OPTIONS);
    const iso = await formatIso(SAMPLE, { created: NEW_YEAR });
    await expect(bridge.over(iso, iso.contents())).rejects.toMatchObject({ code: 'E_UDF' });
  });
  test.runIf(has7z)('7-Zip opens it as UDF and as ISO 9660', async () => {
    const path = `${await temporaryFolder()}/bridge.iso`;
    const disk = await bridged(SAMPLE);
    writeFileSync(path, await disk.read(0, disk.size));
    for (const type of ['udf', 'iso']) {
      const { status, stdout } = spawnSync('7z', ['t', `-t${type}`, path], { encoding: 'utf8' });
      expect(status, stdout).toBe(0);
      expect(spawnSync('7z', ['l', '-slt', `-t${type}`, path], { encoding: 'utf8' }).stdout).toContain('Path = large');
    }
  });
});
