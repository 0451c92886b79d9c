/** libfshfs: names, types, modes, owners, times, sizes, MD5 of contents, targets of links; hard links followed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExpectedEntry } from '../expected.ts';
import { run } from '../tools.ts';
import { bodyLines } from './body-file.ts';
import type { Reader } from './reader.ts';

const astral = ({ path }: ExpectedEntry): boolean => /[\u{10000}-\u{10ffff}]/u.test(path);

export const fshfsinfo: Reader = {
  name: 'fshfsinfo',
  commands: ['fshfsinfo'],
  packages: ['libfshfs-utils'],
  judges: ['mode', 'owner', 'modified', 'content', 'target', 'links'],
  limits: [
    { reason: 'does not show setuid, setgid and sticky bits', aspects: ['mode'], applies: ({ mode }) => (mode & 0o7000) !== 0 },
    { reason: 'shows another character for one above U+FFFF', aspects: ['name'], applies: astral },
  ],
  shownName: (name) => name.replace(/[\u{10000}-\u{10ffff}]/gu, ASTRAL),
  async read({ volume }, scratch) {
    const body = join(scratch, 'body');
    const listed = run('fshfsinfo', ['-H', '-d', '-B', body, volume]);
    const described = run('fshfsinfo', [volume]);
    const complaints = [listed, described]
      .filter(({ status, stderr }) => status !== 0 || /unable to/i.test(stderr))
      .map(({ status, stderr }) => `exit code ${status}: ${stderr}`);
    const lines = existsSync(body) ? bodyLines(readFileSync(body, 'utf8')) : [];
    const visible = lines.filter(({ path }) => path !== '' && !/^\u2400+HFS\+ Private Data|^\.HFS\+ Private Directory Data/.test(path));
    const names = new Map<string, number>();
    for (const { id } of visible) names.set(id, (names.get(id) ?? 0) + 1);
    const entries = visible.map((line) => ({
      ...line,
      path: line.path
        .replace(/[\u{10000}-\u{10ffff}]/gu, ASTRAL)
        .replace(/\\x([01][0-9a-f]|7f)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      content: line.type === 'file' ? { size: line.size, md5: line.md5 } : undefined,
      links: names.get(line.id),
    }));
    return { entries, complaints };
  },
};

const ASTRAL = '\ufffd';
