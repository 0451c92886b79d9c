/** The Sleuth Kit: names, types, modes, owners, times, contents, targets of links; hard links followed. */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Content, contentHasher, type ExpectedEntry } from '../expected.ts';
import { run, runStreaming } from '../tools.ts';
import { type BodyLine, bodyLines } from './body-file.ts';
import type { Reader } from './reader.ts';

/** The largest value that is stored inside an attribute's record; a longer one has a fork. */
const MAX_INLINE = 3802;

const hasForkedAttribute = ({ attributes }: ExpectedEntry): boolean => [...attributes.values()].some(({ size }) => size > MAX_INLINE);

export const sleuthkit: Reader = {
  name: 'sleuthkit',
  commands: ['fls', 'icat', 'tsk_recover'],
  packages: ['sleuthkit'],
  judges: ['mode', 'owner', 'modified', 'content', 'target', 'links'],
  limits: [
    { reason: 'shows "^" for a control character in a name', aspects: ['name'], applies: ({ path }) => /\p{Cc}/u.test(path) },
    {
      reason: 'cannot read files that have an attribute stored as a fork',
      aspects: ['content'],
      applies: hasForkedAttribute,
    },
  ],
  shownName: (name) => name.replace(/\p{Cc}/gu, '^'),
  async read({ volume }, scratch) {
    const listed = run('fls', ['-f', 'hfs', '-r', '-p', '-m', '/', volume]);
    const complaints = listed.status !== 0 || /error/i.test(listed.stderr) ? [`exit code ${listed.status}: ${listed.stderr}`] : [];
    const lines = bodyLines(listed.stdout).filter(
      ({ path }) => path !== '' && !/^(\^{4}HFS\+ Private Data|\.HFS\+ Private Directory Data|\$\w+File$)/.test(path),
    );
    const recovered = join(scratch, 'recovered');
    run('tsk_recover', ['-a', '-f', 'hfs', volume, recovered]);
    const names = new Map<string, number>();
    for (const { id } of lines) names.set(id, (names.get(id) ?? 0) + 1);
    const entries = [];
    for (const line of lines) {
      const content = line.type === 'file' ? await contentOf(line, volume, recovered) : undefined;
      entries.push({ ...line, links: names.get(line.id), content });
    }
    return { entries, complaints };
  },
};

/** From the recovered tree; one by one where that has nothing: empty files, and names that this machine cannot give. */
async function contentOf(line: BodyLine, volume: string, recovered: string): Promise<Partial<Content>> {
  if (line.size === 0) return { size: 0, sha256: createHash('sha256').digest('hex') };
  const recoveredFile = fileAt(join(recovered, line.path));
  if (recoveredFile) return { size: recoveredFile.length, sha256: createHash('sha256').update(recoveredFile).digest('hex') };
  const hasher = contentHasher();
  const status = await runStreaming('icat', ['-f', 'hfs', volume, line.id], (bytes) => hasher.update(bytes));
  return status === 0 ? hasher.content() : { size: line.size };
}

function fileAt(path: string): Uint8Array | undefined {
  try {
    return lstatSync(path).isFile() ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}
