/**
 * A real Linux kernel: Debian's user-mode-linux runs as an ordinary process, without root, KVM or loop devices. It finds the volume by the
 * partition map, mounts it, and shows all that it knows: names, types, modes, owners, times, contents, targets, numbers of links, attributes.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Content } from '../expected.ts';
import type { Unpacked } from '../unpack.ts';
import type { Reader, Seen, SeenEntry } from './reader.ts';

const INIT = fileURLToPath(new URL('kernel-init.pl', import.meta.url));
/** Milliseconds; a start takes one or two seconds, each thousand entries about half a second. */
const TIME_LIMIT = 300_000;

const astral = (text: string): boolean => /[\u{10000}-\u{10ffff}]/u.test(text);

export const kernel: Reader = {
  name: 'Linux kernel',
  commands: ['linux.uml', 'perl'],
  packages: ['user-mode-linux', 'perl'],
  judges: ['mode', 'owner', 'modified', 'content', 'target', 'links', 'attributes'],
  limits: [
    {
      reason: 'shows "??" for a character above U+FFFF and opens nothing of such a name',
      aspects: ['presence', 'name', 'mode', 'owner', 'modified', 'content', 'target', 'links', 'attributes'],
      applies: ({ path }) => astral(path),
    },
    {
      reason: 'lists only some of many attributes, when they lie in several nodes of the tree',
      aspects: ['attributes'],
      applies: ({ attributes }) => attributes.size > 16,
    },
    {
      reason: 'shows no attributes of symbolic links',
      aspects: ['attributes'],
      applies: ({ type, attributes }) => type === 'symlink' && attributes.size > 0,
    },
    {
      reason: 'lists attributes stored as forks but cannot read them',
      aspects: ['attributes'],
      applies: ({ attributes }) => [...attributes.values()].some(({ size }) => size > 3802),
    },
  ],
  shownName: (name) => name.replace(/[\u{10000}-\u{10ffff}]/gu, '??'),
  read: async (volume) => seenBy(await boot(volume)),
};

/** One line of kernel-init.pl; every value is a text, names and attributes in hexadecimal. */
type ReportLine = Readonly<Partial<Record<ReportKey, string>>> & { readonly attributes?: Readonly<Record<string, string>> };
type ReportKey =
  | 'path'
  | 'type'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'modified'
  | 'links'
  | 'size'
  | 'sha256'
  | 'target'
  | 'unopened'
  | 'miscounted'
  | 'failed'
  | 'written'
  | 'finished';

export interface Boot {
  readonly report: readonly ReportLine[];
  readonly log: string;
}

/**
 * Starts the kernel and waits until it has shut itself down.
 * @param writable - a bare volume that it also writes to
 */
export async function boot({ disk, hasMap }: Pick<Unpacked, 'disk' | 'hasMap'>, writable?: string): Promise<Boot> {
  const work = mkdtempSync(join(tmpdir(), 'diskseal-kernel-'));
  try {
    for (const folder of ['mounted', 'uml']) mkdirSync(join(work, folder));
    // The parameters of a kernel hold neither blanks nor commas, so everything gets a plain name.
    copyFileSync(INIT, join(work, 'init'));
    chmodSync(join(work, 'init'), 0o755);
    symlinkSync(disk, join(work, 'disk'));
    if (writable) symlinkSync(writable, join(work, 'writable'));
    const console = await start(work, [
      `ubd0r=${work}/disk`,
      `diskseal_device=/dev/ubda${hasMap ? 1 : ''}`,
      ...(writable ? [`ubd1=${work}/writable`, 'diskseal_write_device=/dev/ubdb'] : []),
    ]);
    const text = existsSync(join(work, 'report')) ? readFileSync(join(work, 'report'), 'utf8') : '';
    const report = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ReportLine);
    const log = existsSync(join(work, 'log')) ? readFileSync(join(work, 'log'), 'utf8') : '';
    if (!report.some(({ finished, failed }) => finished || failed)) throw new Error(`the kernel did not do its work:\n${console}${log}`);
    return { report, log };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function start(work: string, parameters: readonly string[]): Promise<string> {
  const common = `mem=384M root=/dev/root rootfstype=hostfs rootflags=/ ro init=${work}/init diskseal_work=${work} uml_dir=${work}/uml/ umid=diskseal`;
  const quiet = 'con=null con0=null,fd:1 ssl=null quiet loglevel=4 log_buf_len=1M panic=-1';
  return new Promise((resolve, reject) => {
    // A process group of its own: the kernel runs in several processes, and all of them end with it.
    const child = spawn('linux.uml', [...common.split(' '), ...quiet.split(' '), ...parameters], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const timer = setTimeout(() => endGroup(child.pid), TIME_LIMIT);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      endGroup(child.pid);
      resolve(output);
    });
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

export function seenBy({ report, log }: Boot): Seen {
  const complaints = complaintsOf(log);
  const entries: SeenEntry[] = [];
  for (const line of report) {
    const path = text(line.path);
    if (line.type !== undefined) entries.push(entryOf(path, line));
    else if (line.unopened !== undefined && !path.includes('??')) complaints.push(`cannot open ${path}`);
    else if (line.miscounted !== undefined) complaints.push(`folder "${path}" says that it holds ${line.miscounted} entries`);
    else if (line.failed !== undefined) complaints.push(`${path}: ${text(line.failed)}`);
  }
  return { entries, complaints };
}

function entryOf(path: string, line: ReportLine): SeenEntry {
  const { type, mode, uid, gid, modified, links, size, sha256, target, attributes = {} } = line;
  return {
    path,
    type: type as SeenEntry['type'],
    mode: Number(mode),
    uid: Number(uid),
    gid: Number(gid),
    modified: Number(modified),
    links: Number(links),
    content: type === 'file' ? { size: Number(size), ...(sha256 ? { sha256 } : {}) } : undefined,
    target: target === undefined ? undefined : text(target),
    attributes: new Map(Object.entries(attributes).flatMap(([name, value]) => attribute(text(name), value))),
  };
}

/** Linux has no namespace for Apple's attributes and puts "osx." before their names. Finder info is shown too: a tree has it apart. */
function attribute(shown: string, value: string): [string, Partial<Content>][] {
  const name = shown.replace(/^osx\./, '');
  if (name === 'com.apple.FinderInfo') return [];
  if (!/^[0-9a-f]*$/.test(value)) return [[name, {}]];
  const bytes = Buffer.from(value, 'hex');
  return [[name, { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }]];
}

function text(hex = ''): string {
  return Buffer.from(hex, 'hex').toString();
}

/** What the kernel logged about the volume or the partition map. */
function complaintsOf(log: string): string[] {
  return log
    .split('\n')
    .map((line) => line.replace(/^<\d+>/, '').replace(/^\[[^\]]*\]\s*/, ''))
    .filter((line) => /hfs|GPT|I\/O error|beyond end|BUG:|Oops|WARNING:|Call Trace|corrupt/i.test(line))
    .filter((line) => !/^(Kernel )?command line|only inline data xattr are supported|^diskseal|hfsplus\.ko/i.test(line));
}
