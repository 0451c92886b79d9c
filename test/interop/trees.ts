/** The trees that independent readers are shown: each is about one thing that HFS+ volumes do. */
import { createHash } from 'node:crypto';
import { bytesDisk, type Disk, zerosDisk } from '../../src/core/disk.ts';
import type { Entry, FileTree } from '../../src/core/file-tree.ts';
import { file, folder, NEW_YEAR, symlink } from '../support/memory-tree.ts';

const TIME = NEW_YEAR;

function attributes(values: Readonly<Record<string, string | Uint8Array>>): ReadonlyMap<string, Disk> {
  const bytes = (value: string | Uint8Array): Uint8Array => (typeof value === 'string' ? new TextEncoder().encode(value) : value);
  return new Map(Object.entries(values).map(([name, value]) => [name, bytesDisk(bytes(value))]));
}

/** Bytes that deflate cannot make smaller, the same for the same seed. */
export function noise(length: number, seed: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(length / 64) * 64);
  let block = createHash('sha512').update(seed).digest();
  for (let at = 0; at < bytes.length; at += 64) {
    bytes.set(block, at);
    block = createHash('sha512').update(block).digest();
  }
  return bytes.slice(0, length);
}

export interface InteropTree {
  readonly name: string;
  readonly tree: FileTree;
  readonly caseSensitive?: true;
}

const tree = (name: string, entries: readonly Entry[], options: { caseSensitive?: true } = {}): InteropTree => ({
  name,
  tree: { root: folder(name, entries) },
  ...options,
});

const names = (): Entry[] => [
  file('caf\u00e9 composed', 'one letter'),
  file('nai\u0308ve decomposed', 'letter and mark'),
  file('\ud55c\uad6d\uc5b4 Hangul', 'syllables that decompose by arithmetic'),
  file('two marks \u1ec7 and \u0323\u0302', 'order of marks'),
  file('not decomposed by HFS+: \u2126 \u212b \uf900', 'singletons'),
  file('with:colon', 'stored as a slash'),
  file('::', 'colons alone'),
  file('back\\slash and "quotes" and *?<>|', 'characters that other systems refuse'),
  file('tab\tand line\nfeed', 'control characters'),
  file(' blanks at both ends ', 'blanks'),
  file('dots at the end...', 'dots'),
  file('...', 'three dots'),
  file('-rf', 'looks like an option'),
  file('%41$HOME`id`', 'looks like a command'),
  file('.hidden', 'hidden'),
  file('rock \ud83c\udfb8 guitar', 'above U+FFFF'),
  folder('\ud83d\udcc1', [file('in an emoji folder', 'content')]),
  file('zero\u200dwidth\u200c joiners', 'characters that the order ignores'),
  file('\u00e6 and \u00df and \u0131 and \u0130', 'letters whose cases fold in surprising ways'),
  file('a', 'order'),
  file('B', 'order'),
  file('c', 'order'),
  file('_', 'between upper and lower case'),
  file('\u00c4', 'order of what decomposes'),
  file('\u0430\u0411\u0432', 'Cyrillic'),
  file('\uff21\uff42', 'full width'),
  file('x'.repeat(255), '255 letters'),
  file('\u65e5'.repeat(255), '255 units, 765 bytes of UTF-8'),
  file(`${'y'.repeat(253)}\u00e9`, '255 units after decomposition'),
];

const sizes = (): Entry[] =>
  [0, 1, 511, 512, 513, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577, 3_000_001]
    .flatMap((size) => [file(`zeros ${size}`, zerosDisk(size)), file(`noise ${size}`, noise(size, `noise ${size}`))])
    .concat(file('text', 'the same line\n'.repeat(200_000)));

const metadataOf = (): Entry[] => [
  ...[0o000, 0o400, 0o444, 0o600, 0o755, 0o777, 0o1777, 0o2755, 0o4755, 0o7777].map((mode) =>
    file(`mode ${mode.toString(8).padStart(4, '0')}`, mode.toString(8), { mode }),
  ),
  folder('sticky', [file('in it', 'x')], { mode: 0o1777 }),
  folder('closed', [file('in it', 'x')], { mode: 0o700, uid: 501, gid: 20 }),
  file('owner 501:20', 'x', { uid: 501, gid: 20 }),
  file('owner 99:99', 'x', { uid: 99, gid: 99 }),
  file('owner 65534', 'x', { uid: 65_534, gid: 65_534 }),
  symlink('owned link', 'sticky', { uid: 501, gid: 20 }),
  ...[1, 86_400, 946_684_800, 1_582_934_400, 1_711_846_800, 2_147_483_646].map((modified) =>
    file(`modified ${modified}`, 'x', { times: { created: Math.min(modified, TIME), modified, changed: modified, accessed: modified } }),
  ),
  file('a fraction of a second', 'x', { times: { created: TIME, modified: TIME + 0.75 } }),
  folder('old folder', [file('newer', 'x')], { times: { created: 1_000_000_000, modified: 1_000_000_000 } }),
  file('invisible', 'x', { finderInfo: finderInfo('TEXT', 'ttxt', 0x4000) }),
];

/** Type, creator and flags as the first bytes of `com.apple.FinderInfo`. */
function finderInfo(type: string, creator: string, flags: number): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set(new TextEncoder().encode(type + creator));
  bytes.set([flags >>> 8, flags & 255], 8);
  return bytes;
}

const links = (): Entry[] => [
  file('target', 'what links point to'),
  symlink('relative', 'target'),
  symlink('absolute', '/Applications'),
  symlink('dangling', 'nothing/here'),
  symlink('up and down', '../links/target'),
  symlink('to a folder', 'folder'),
  symlink('to itself', 'to itself'),
  symlink('caf\u00e9 link', 'caf\u00e9'),
  symlink('long', `${'d/'.repeat(500)}end`),
  folder('folder', [symlink('..link', '../target')]),
];

const hardLinks = (): Entry[] => [
  file('first', 'one file, three names', { linkGroup: 'three' }),
  file('second', 'one file, three names', { linkGroup: 'three' }),
  folder('elsewhere', [
    file('third', 'one file, three names', { linkGroup: 'three' }),
    file('pair', noise(100_000, 'pair'), { linkGroup: 'pair', mode: 0o755 }),
  ]),
  file('pair', noise(100_000, 'pair'), { linkGroup: 'pair', mode: 0o755 }),
  file('empty one', '', { linkGroup: 'empty' }),
  file('empty two', '', { linkGroup: 'empty' }),
  file('equal but not linked', 'one file, three names'),
];

const withAttributes = (): Entry[] => [
  file('one', 'x', { xattrs: attributes({ 'com.example.one': 'value' }) }),
  file('empty value', 'x', { xattrs: attributes({ 'com.example.empty': '' }) }),
  file('many', 'x', {
    xattrs: attributes(Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`com.example.attribute-${index}`, `value ${index}`]))),
  }),
  file('largest inline', 'x', { xattrs: attributes({ 'com.example.inline': noise(3802, 'inline') }) }),
  file('long name', 'x', { xattrs: attributes({ [`com.example.${'n'.repeat(115)}`]: 'a name of 127 units' }) }),
  folder('folder', [file('plain', 'x')], { xattrs: attributes({ 'com.example.folder': 'on a folder' }) }),
  symlink('link', 'one', { xattrs: attributes({ 'com.example.link': 'on a link' }) }),
  file('linked', 'x', { xattrs: attributes({ 'com.example.hard': 'on a hard link' }), linkGroup: 'l' }),
  file('linked too', 'x', { xattrs: attributes({ 'com.example.hard': 'on a hard link' }), linkGroup: 'l' }),
];

const forks = (): Entry[] => [
  file('resource fork', 'data fork', { resourceFork: bytesDisk(noise(5000, 'resource')) }),
  file('only a resource fork', '', { resourceFork: bytesDisk(noise(100_000, 'more resource')) }),
  file('attribute as fork', 'x', { xattrs: attributes({ 'com.example.large': noise(20_000, 'large') }) }),
  file('attribute just too large', 'x', { xattrs: attributes({ 'com.example.large': noise(3803, 'just') }) }),
  file('both', 'data', {
    resourceFork: bytesDisk(noise(70_000, 'both')),
    xattrs: attributes({ 'com.example.large': noise(70_000, 'both large'), 'com.example.small': 'small' }),
  }),
  file('plain', 'no fork and no attribute'),
];

const empty = (): Entry[] => [
  file('empty file', ''),
  folder('empty folder', []),
  folder('nested', [folder('empty', [folder('and empty', [])]), file('also empty', '')]),
];

function deep(depth: number): Entry {
  return depth === 0 ? file('bottom', 'at the bottom') : folder(`level ${depth}`, [deep(depth - 1), file('beside', String(depth))]);
}

const caseSensitive = (): Entry[] => [
  file('Name', 'upper'),
  file('name', 'lower'),
  file('NAME', 'all upper'),
  folder('Folder', [file('x', '1'), file('X', '2')]),
  folder('folder', [file('x', '3'), file('X', '4')]),
  file('\u00c9', 'composed upper'),
  file('\u00e9', 'composed lower'),
];

/** `count` small files in folders of 500; contents and sizes differ. */
export function manyFiles(count: number): InteropTree {
  const folders = Array.from({ length: Math.ceil(count / 500) }, (_, number) => {
    const inside = Math.min(500, count - number * 500);
    return folder(
      `folder ${String(number).padStart(4, '0')}`,
      Array.from({ length: inside }, (_, index) => file(`file ${number * 500 + index}.txt`, `${index}\n`.repeat((index * 37) % 800))),
    );
  });
  return tree(`many ${count}`, folders);
}

/** A file of more than 4 GiB, nearly all zeros. */
export function hugeFile(): InteropTree {
  return tree('huge', [file('5 GiB of zeros', zerosDisk(5 * 2 ** 30 + 1)), file('after it', 'x')]);
}

export function interopTrees(): InteropTree[] {
  return [
    tree('nothing', []),
    tree('names', names()),
    tree('sizes', sizes()),
    tree('empty', empty()),
    tree('metadata', metadataOf()),
    tree('links', links()),
    tree('hard links', hardLinks()),
    tree('attributes', withAttributes()),
    tree('forks', forks()),
    tree('deep', [deep(60)]),
    tree('case', caseSensitive(), { caseSensitive: true }),
    manyFiles(3000),
  ];
}
