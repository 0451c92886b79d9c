/** Folders that tests write into and that are gone afterwards. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];

afterAll(async () => {
  await Promise.all(made.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A new empty folder; removed when the test file ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'diskseal-test-'));
  made.push(folder);
  return folder;
}

/** Files by path: a text or bytes; `{ link }`, `{ text, mode }`; null for an empty folder. */
export type Plan = Readonly<Record<string, string | Uint8Array | null | { link: string } | { text: string; mode: number }>>;

/** Writes files and folders into a new temporary folder. */
export async function folderOf(plan: Plan): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, value] of Object.entries(plan)) {
    const full = join(folder, path);
    await mkdir(value === null ? full : dirname(full), { recursive: true });
    if (value === null) continue;
    if (typeof value === 'string' || value instanceof Uint8Array) await writeFile(full, value);
    else if ('link' in value) await symlink(value.link, full);
    else {
      await writeFile(full, value.text);
      await chmod(full, value.mode);
    }
  }
  return folder;
}
