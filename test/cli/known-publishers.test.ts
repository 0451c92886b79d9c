/** The file of known publishers: where it is, who may change it, several writers at once, crashes. Rules 16 and 17. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { memoryFile, readMemory, updateMemory } from '../../src/cli/policy/known-publishers.ts';
import { EMPTY_MEMORY, type Memory } from '../../src/trust/pins.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const me = { user: process.geteuid?.() };
const place = async (): Promise<string> => join(await temporaryFolder(), 'state', 'known-publishers.json');
const later = (memory: Memory): Memory => ({ ...memory, time: memory.time + 1 });
const host = (user: number | undefined, environment: Record<string, string>): Parameters<typeof memoryFile>[0] => ({
  user,
  environment,
  now: 0,
  systemPolicies: [],
});

describe('where it is', () => {
  test.each([
    [1000, { HOME: '/home/a', XDG_STATE_HOME: '/state' }, '/state/diskseal/known-publishers.json'],
    [1000, { HOME: '/home/a' }, '/home/a/.local/state/diskseal/known-publishers.json'],
    [1000, { HOME: '/home/a', XDG_STATE_HOME: 'state' }, '/home/a/.local/state/diskseal/known-publishers.json'],
    [1000, { HOME: 'a' }, undefined],
    [1000, {}, undefined],
    // Rule 17: what another user's environment says is nothing to root.
    [0, { HOME: '/home/a', XDG_STATE_HOME: '/state' }, '/var/lib/diskseal/known-publishers.json'],
  ])('user %s with %j: %s', (user, environment, expected) => expect(memoryFile(host(user, environment))).toBe(expected));
});

describe('rule 16: reading', () => {
  test('no file: nothing is known', async () => expect(await readMemory(await place(), me)).toEqual(EMPTY_MEMORY));

  test('what was written comes back, for nobody else to change', async () => {
    const path = await place();
    await updateMemory(path, me, later);
    await updateMemory(path, me, later);
    expect(await readMemory(path, me)).toEqual({ time: 2, publishers: [] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(path, '..'))).toEqual(['known-publishers.json']);
  });

  test('damage is an error and no empty memory', async () => {
    const path = await place();
    await updateMemory(path, me, later);
    for (const text of ['', '{', '{}', '[]', '{"type":"diskseal/known-publishers/1","time":0,"publishers":[{}]}']) {
      await writeFile(path, text);
      await expect(readMemory(path, me)).rejects.toMatchObject({ code: 'E_STATE', path });
      await expect(updateMemory(path, me, later)).rejects.toMatchObject({ code: 'E_STATE' });
      expect(await readFile(path, 'utf8')).toBe(text);
    }
  });

  test('rule 17: so is a file that others can write', async () => {
    const path = await place();
    await updateMemory(path, me, later);
    await chmod(path, 0o620);
    await expect(readMemory(path, me)).rejects.toMatchObject({ code: 'E_STATE' });
  });
});

describe('attack 51: writing', () => {
  test('a change that fails leaves the file as it was, and no lock', async () => {
    const path = await place();
    await updateMemory(path, me, later);
    const before = await readFile(path, 'utf8');
    const fail = (): never => {
      throw new Error('refused');
    };
    await expect(updateMemory(path, me, fail)).rejects.toThrow('refused');
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await readdir(join(path, '..'))).toEqual(['known-publishers.json']);
  });

  test('several processes at once lose nothing', async () => {
    const path = await place();
    const program = await writer('for (let n = 0; n < 10; n++) await updateMemory(path, me, (m) => ({ ...m, time: m.time + 1 }));');
    const runs = Array.from({ length: 4 }, () => spawn(process.execPath, [program, path], { stdio: 'inherit' }));
    const codes = await Promise.all(runs.map(async (run) => (await once(run, 'exit'))[0] as number));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect((await readMemory(path, me)).time).toBe(40);
  });

  test('a process that dies while it writes leaves the old file; its lock is seen and, when it is old, taken away', async () => {
    const path = await place();
    await updateMemory(path, me, later);
    const program = await writer('await updateMemory(path, me, () => process.kill(process.pid, "SIGKILL"));');
    const [, signal] = (await once(spawn(process.execPath, [program, path]), 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    expect((await readMemory(path, me)).time).toBe(1);
    await expect(updateMemory(path, me, later)).rejects.toMatchObject({ code: 'E_STATE', path: `${path}.lock` });
    const old = Date.now() / 1000 - 120;
    await utimes(`${path}.lock`, old, old);
    await updateMemory(path, me, later);
    expect((await readMemory(path, me)).time).toBe(2);
  }, 15_000);
});

/** Node cannot run the sources; a bundle of them can. */
async function writer(body: string): Promise<string> {
  const contents = `import { updateMemory } from './known-publishers.ts';
    const path = process.argv[2];
    const me = { user: process.geteuid?.() };
    ${body}`;
  const outfile = join(await temporaryFolder(), 'writer.mjs');
  const resolveDir = fileURLToPath(new URL('../../src/cli/policy', import.meta.url));
  await build({
    stdin: { contents, resolveDir, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'silent',
  });
  return outfile;
}
