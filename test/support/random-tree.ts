/** Random trees that a filesystem of full abilities can hold: odd names, forks around block sizes, attributes, links, all metadata. */
import * as fc from 'fast-check';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import type { Entry, File, FileTree, Metadata } from '../../src/core/file-tree.ts';
import { folder, symlink } from './memory-tree.ts';

export interface RandomTreeOptions {
  /** Names of one folder differ by this, and no name's key is empty. Default: the name itself. */
  readonly nameKey?: (name: string) => string;
  /** Changes names, for readers that cannot show all of them. */
  readonly respell?: (name: string) => string;
}

/** Bytes that look different at every place; cheap to make and to shrink. */
const content: fc.Arbitrary<Disk> = fc
  .record({
    size: fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 6, arbitrary: fc.nat(300) },
      { weight: 2, arbitrary: fc.integer({ min: 4090, max: 4100 }) },
      { weight: 1, arbitrary: fc.nat(40_000) },
    ),
    seed: fc.nat(255),
  })
  .map(({ size, seed }) => bytesDisk(Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8) + seed) & 0xff)));

const ODD_NAMES = [
  'é',
  'e\u0301x',
  '\u1e69',
  '한글',
  'ÅNGSTRÖM.app',
  'ẞtraße',
  '😀',
  '👩‍👩‍👧.txt',
  'a:b',
  '\u2400',
  ' leading',
  'trailing ',
  '.hidden',
  '...',
  '\\back\\slash',
  'new\nline',
  '"quoted"\'',
  'Icon\r',
  'ﬁ',
  'Ω\u2126',
  'iNode17',
  'x'.repeat(255),
  'é'.repeat(127),
];

const anyName = fc
  .oneof(
    { weight: 5, arbitrary: fc.stringMatching(/^[A-Za-z0-9._ -]{1,20}$/) },
    { weight: 3, arbitrary: fc.constantFrom(...ODD_NAMES) },
    { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 10 }) },
  )
  .map((text) => text.replace(/[/\0]/g, '_'))
  .filter((text) => text !== '.' && text !== '..');

const when = fc.oneof(fc.integer({ min: -2_082_844_799, max: 2_212_122_495 }), fc.double({ min: 0, max: 2e9, noNaN: true }));
const sometimes = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 2 });
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const attributeName = fc.oneof(
  fc.constantFrom('com.apple.quarantine', 'com.apple.metadata:kMDItemWhereFroms', 'user.é', 'x'.repeat(127)),
  fc.stringMatching(/^[a-z.]{1,20}$/),
);
const xattrs = fc
  .uniqueArray(fc.tuple(attributeName, fc.oneof(content, fc.constant(bytesDisk(new Uint8Array(3802).fill(7))))), {
    maxLength: 3,
    selector: ([key]) => key,
  })
  .map((pairs): ReadonlyMap<string, Disk> => new Map(pairs));

const metadata: fc.Arbitrary<Omit<Metadata, 'name'>> = fc.record({
  mode: fc.oneof(fc.constantFrom(0o755, 0o644, 0o7777, 0), fc.nat(0o7777)),
  uid: fc.constantFrom(0, 99, 501, 0xffff_fffe),
  gid: fc.constantFrom(0, 20, 80, 0xffff_ffff),
  times: fc.record({
    created: sometimes(when),
    modified: when,
    changed: sometimes(when),
    accessed: sometimes(when),
    backedUp: rarely(when),
  }),
  flags: rarely(fc.constantFrom(0, 2, 4, 0x8000, 0x20, 0x2_0000, 0x2_8002)),
  finderInfo: rarely(fc.oneof(fc.constant(new Uint8Array(32)), fc.uint8Array({ minLength: 32, maxLength: 32 }))),
  xattrs: rarely(xattrs),
});

const fileBody = fc.record({ metadata, content, resourceFork: rarely(content) });
type FileBody = typeof fileBody extends fc.Arbitrary<infer T> ? T : never;

function makeFile(text: string, body: FileBody, linkGroup?: string): File {
  return { type: 'file', name: text, ...body.metadata, content: body.content, resourceFork: body.resourceFork, linkGroup };
}

/** Children of one folder; files of a group are one file under several names. */
function children(depth: number, groups: readonly FileBody[], names: Names): fc.Arbitrary<Entry[]> {
  const name = usableName(names);
  const file = fc.record({ name, body: fileBody }).map(({ name: text, body }): Entry => makeFile(text, body));
  const linked = fc
    .record({ name, group: fc.nat(groups.length - 1) })
    .map(({ name: text, group }): Entry => makeFile(text, groups[group], `group ${group}`));
  const target = fc.oneof(fc.constantFrom('/Applications', '../nowhere', 'é:x'), fc.string({ unit: 'grapheme', minLength: 1 }));
  const link = fc
    .record({ name, metadata, target: target.map((text) => text.replaceAll('\0', '_')) })
    .map(({ name: text, metadata: given, target: to }): Entry => symlink(text, to, given));
  const kinds = [
    { weight: 6, arbitrary: file },
    { weight: 2, arbitrary: linked },
    { weight: 1, arbitrary: link },
  ];
  if (depth > 0) {
    const inner = fc
      .record({ name, metadata, inside: children(depth - 1, groups, names) })
      .map(({ name: text, metadata: given, inside }): Entry => folder(text, inside, given));
    kinds.push({ weight: 3, arbitrary: inner });
  }
  return fc.uniqueArray(fc.oneof(...kinds), { maxLength: depth > 2 ? 12 : 6, selector: (entry) => names.nameKey(entry.name) });
}

type Names = Required<RandomTreeOptions>;

function usableName({ nameKey, respell }: Names): fc.Arbitrary<string> {
  return anyName.map(respell).map((text) => (nameKey(text) === '' ? `${text}x` : text));
}

export function randomTree(options: RandomTreeOptions = {}): fc.Arbitrary<FileTree> {
  const names: Names = { nameKey: (text) => text, respell: (text) => text, ...options };
  return fc
    .tuple(fileBody, fileBody)
    .chain((groups) => fc.record({ name: usableName(names), metadata, inside: children(3, groups, names) }))
    .map(({ name: text, metadata: given, inside }) => ({ root: folder(text, inside, given) }));
}
