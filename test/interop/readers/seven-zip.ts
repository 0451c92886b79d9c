/** 7-Zip's own HFS+ reader: names, types, modes, times, contents, resource forks and attributes of files. */
import { type Content, contentHasher, type ExpectedEntry } from '../expected.ts';
import { run, runStreaming } from '../tools.ts';
import { modeOfLetters, type Reader, type SeenEntry } from './reader.ts';

const isLinked = (entry: ExpectedEntry): boolean => entry.links > 1;

export const sevenZip: Reader = {
  name: '7-Zip',
  commands: ['7z'],
  packages: ['p7zip-full'],
  judges: ['mode', 'modified', 'content', 'target', 'resourceFork', 'attributes'],
  limits: [
    { reason: 'shows "_" for a colon or a line feed in a name', aspects: ['name'], applies: ({ path }) => /[:\n]/.test(path) },
    {
      reason: 'shows the names of a hard link as empty files; the file itself is among the private data',
      aspects: ['content', 'mode', 'modified', 'resourceFork', 'attributes'],
      applies: isLinked,
    },
    {
      reason: 'shows no attributes of folders',
      aspects: ['attributes'],
      applies: ({ type, attributes }) => type === 'folder' && attributes.size > 0,
    },
  ],
  shownName: (name) => name.replace(/[:\n]/g, '_'),
  async read({ volume }) {
    const complaints: string[] = [];
    const tested = run('7z', ['t', '-thfs', '-bd', volume]);
    if (tested.status !== 0 || /^(WARNING|ERROR)/m.test(tested.stdout)) complaints.push(tested.stdout + tested.stderr);
    const items = listed(run('7z', ['l', '-ba', '-slt', '-sns', '-thfs', volume]).stdout);
    return { entries: entriesOf(items, await contentsOf(volume, items)), complaints };
  },
};

interface Item {
  readonly path: string;
  readonly folder: boolean;
  readonly size: number;
  readonly mode: string;
  readonly modified: number;
  /** A resource fork or an attribute: its path is the file's, a colon and its own name. */
  readonly stream: boolean;
}

function listed(output: string): Item[] {
  return output
    .split(/^(?=Path = )/m)
    .filter((block) => block.startsWith('Path = '))
    .map((block) => {
      const value = (key: string): string => new RegExp(`^${key} = (.*)$`, 'm').exec(block)?.[1] ?? '';
      return {
        path: value('Path'),
        folder: value('Folder') === '+',
        size: Number(value('Size')),
        mode: value('Mode'),
        modified: Date.parse(`${value('Modified').replace(' ', 'T')}Z`) / 1000,
        stream: value('Alternate Stream') === '+',
      };
    });
}

type ReadContent = Content & { readonly text: string };

function isLink({ mode }: Item): boolean {
  return mode.startsWith('l');
}

/**
 * The content of every item that is no folder. 7-Zip writes them all to its standard output, one after the other in the order of its list,
 * so that no name has to be one that this machine can give a file. The sizes of the list say where one ends.
 */
async function contentsOf(volume: string, items: readonly Item[]): Promise<Map<Item, ReadContent>> {
  const contents = new Map<Item, ReadContent>();
  const waiting = items.filter(({ folder }) => !folder);
  let next = 0;
  let hasher = contentHasher();
  let text: Uint8Array[] = [];
  let left = waiting[0]?.size ?? 0;
  const finish = (): void => {
    while (left === 0 && next < waiting.length) {
      contents.set(waiting[next], { ...hasher.content(), text: Buffer.concat(text).toString() });
      hasher = contentHasher();
      text = [];
      left = waiting[++next]?.size ?? 0;
    }
  };
  const status = await runStreaming('7z', ['x', '-so', '-sns', '-thfs', volume], (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      finish();
      const take = Math.min(left, bytes.length - at);
      if (take === 0) throw new Error('7z writes more than it lists');
      const piece = bytes.subarray(at, at + take);
      hasher.update(piece);
      if (isLink(waiting[next])) text.push(piece);
      at += take;
      left -= take;
    }
  });
  finish();
  if (status !== 0 || next < waiting.length) throw new Error(`7z x ends with ${status} after ${next} of ${waiting.length} files`);
  return contents;
}

function entriesOf(items: readonly Item[], contents: ReadonlyMap<Item, ReadContent>): SeenEntry[] {
  const top = items[0]?.path ?? '';
  const streams = new Map<string, Map<string, Content>>();
  for (const item of items) {
    if (!item.stream) continue;
    const colon = item.path.indexOf(':', item.path.lastIndexOf('/'));
    const owner = item.path.slice(0, colon);
    const named = streams.get(owner) ?? new Map<string, Content>();
    streams.set(owner, named.set(item.path.slice(colon + 1), contents.get(item)!));
  }
  return items
    .filter(({ path, stream }) => !stream && path !== top && !isPrivate(path.slice(top.length + 1)))
    .map((item) => entryOf(item, top, contents.get(item), streams.get(item.path) ?? new Map()));
}

function isPrivate(path: string): boolean {
  return /^\[HFS\+ Private (Directory )?Data\]/.test(path);
}

function entryOf(item: Item, top: string, content: ReadContent | undefined, streams: ReadonlyMap<string, Content>): SeenEntry {
  const type = item.folder ? 'folder' : isLink(item) ? 'symlink' : 'file';
  const attributes = new Map([...streams].filter(([name]) => name !== 'rsrc'));
  return {
    path: item.path.slice(top.length + 1),
    type,
    mode: modeOfLetters(item.mode.slice(1)),
    modified: item.modified,
    ...(type === 'symlink' ? { target: content?.text } : { content }),
    resourceFork: streams.get('rsrc'),
    attributes,
  };
}
