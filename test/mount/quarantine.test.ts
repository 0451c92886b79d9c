import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { quarantine, quarantineOf, type RunTool } from '../../src/mount/quarantine.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NOW = 1_700_000_000.5;

it('takes the mark of the image on macOS, or makes one for what was not verified', async () => {
  const marked: RunTool = async (tool, args) => {
    expect([tool, ...args]).toEqual(['xattr', '-p', 'com.apple.quarantine', '/x/App.dmg']);
    return '0083;650a1b2c;Safari;F4\n';
  };
  const unmarked: RunTool = () => Promise.reject(new Error('No such xattr'));
  expect(await quarantineOf('/x/App.dmg', true, NOW, 'darwin', marked)).toBe('0083;650a1b2c;Safari;F4');
  expect(await quarantineOf('/x/App.dmg', true, NOW, 'darwin', unmarked)).toBeUndefined();
  expect(await quarantineOf('/x/App.dmg', false, NOW, 'darwin', unmarked)).toBe('0081;6553f100;diskseal;');
});

it('marks everything by one call on macOS, and fails when that fails', async () => {
  const calls: string[][] = [];
  await quarantine('/out', '0083;;;', 'darwin', async (tool, args) => {
    calls.push([tool, ...args]);
    return '';
  });
  expect(calls).toEqual([['xattr', '-r', '-s', '-w', 'com.apple.quarantine', '0083;;;', '/out']]);
  await expect(quarantine('/out', 'x', 'darwin', () => Promise.reject(new Error('refused')))).rejects.toMatchObject({ code: 'E_WRITE' });
});

// Elsewhere a stream's name is the name of a file beside it, which shows what would be written.
it.skipIf(process.platform === 'win32')('carries the mark of the web on, as a stream of each file on Windows', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'App.dmg'), '');
  expect(await quarantineOf(join(folder, 'App.dmg'), true, NOW, 'win32')).toBeUndefined();
  expect(await quarantineOf(join(folder, 'App.dmg'), false, NOW, 'win32')).toContain('ZoneId=3');
  await writeFile(join(folder, 'App.dmg:Zone.Identifier'), '[ZoneTransfer]\r\nZoneId=4\r\n');
  const mark = await quarantineOf(join(folder, 'App.dmg'), true, NOW, 'win32');
  expect(mark).toContain('ZoneId=4');
  await mkdir(join(folder, 'out/sub'), { recursive: true });
  await writeFile(join(folder, 'out/sub/a'), 'a');
  await symlink('a', join(folder, 'out/sub/l'));
  await quarantine(join(folder, 'out'), mark!, 'win32');
  expect((await readdir(join(folder, 'out/sub'))).sort()).toEqual(['a', 'a:Zone.Identifier', 'l']);
  expect(await readFile(join(folder, 'out/sub/a:Zone.Identifier'), 'utf8')).toBe(mark);
});

it.skipIf(process.platform === 'win32')('rule 19: marks one file as well', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'App.dmg'), '');
  await quarantine(join(folder, 'App.dmg'), 'mark', 'win32');
  expect(await readFile(join(folder, 'App.dmg:Zone.Identifier'), 'utf8')).toBe('mark');
});

it('has nothing to do on Linux', async () => {
  expect(await quarantineOf('/x/App.dmg', false, NOW, 'linux')).toBeUndefined();
});
