/**
 * Every node of a DER document changed in every way that the list knows, one node a mutant: left out, doubled, exchanged with its
 * neighbours, under other tags, with other content, and in spellings that BER allows and DER does not. Nodes inside of an OCTET STRING or
 * BIT STRING are nodes too. Then two changes at once, as a seed chooses them.
 */
import { mutateDer, parseNodes, placesOf, writeNodes } from '../fuzz/mutate-der.mjs';
import { randomNumbers } from '../fuzz/random.mjs';

interface Node {
  tag: number;
  content?: Uint8Array;
  prefix?: Uint8Array;
  children?: Node[];
  spelling?: 'indefinite' | 'long';
}

interface Place {
  readonly list: Node[];
  readonly index: number;
  readonly node: Node;
}

export interface Mutant {
  readonly what: string;
  readonly bytes: Uint8Array;
}

const bytesOf = (node: Node): Uint8Array => node.content ?? new Uint8Array(Buffer.concat([node.prefix!, writeNodes(node.children!)]));

/** Content as plain octets from now on. */
function become(node: Node, content: Uint8Array): void {
  delete node.children;
  node.content = content;
}

type Change = readonly [what: string, apply: (place: Place, all: readonly Place[]) => void];

const tagged = (what: string, tag: (before: number) => number): Change => [`${what} tag`, ({ node }) => void (node.tag = tag(node.tag))];
const content = (what: string, change: (before: Uint8Array) => Uint8Array): Change => [
  what,
  ({ node }) => become(node, change(bytesOf(node))),
];
/** The copy comes from a node that stands so many further on. */
const foreign = (distance: number): Change => [
  `the node ${distance} further on instead`,
  ({ list, index }, all) => {
    const own = all.findIndex((place) => place.list === list && place.index === index);
    list[index] = structuredClone(all[(own + distance) % all.length].node);
  },
];

const CHANGES: readonly Change[] = [
  ['left out', ({ list, index }) => void list.splice(index, 1)],
  ['twice', ({ list, index, node }) => void list.splice(index, 0, structuredClone(node))],
  ['exchanged with the next', ({ list, index, node }) => void list.splice(index, 2, ...list.slice(index + 1, index + 2), node)],
  ['exchanged with the last', ({ list, index, node }) => void ([list[index], list[list.length - 1]] = [list.at(-1)!, node])],
  ['moved to the front', ({ list, index, node }) => void (list.splice(index, 1), list.unshift(node))],
  ['wrapped in a SEQUENCE', ({ list, index, node }) => void (list[index] = { tag: 0x30, prefix: new Uint8Array(), children: [node] })],
  ['unwrapped', ({ list, index, node }) => void (node.children && list.splice(index, 1, ...node.children))],
  ['of indefinite length', ({ node }) => void (node.spelling = 'indefinite')],
  ['a length in too many octets', ({ node }) => void (node.spelling = 'long')],
  tagged('constructed', (tag) => tag ^ 0x20),
  tagged('context', (tag) => (tag & 0x20) | 0x80),
  tagged('private', (tag) => tag | 0xc0),
  tagged('next', (tag) => tag ^ 1),
  tagged('OCTET STRING', (tag) => (tag === 4 ? 3 : 4)),
  tagged('SET', (tag) => (tag === 0x31 ? 0x30 : 0x31)),
  tagged('UTF8String', (tag) => (tag === 12 ? 19 : 12)),
  content('nothing', () => new Uint8Array()),
  content('an octet less', (before) => before.slice(0, -1)),
  content('a leading zero', (before) => Uint8Array.of(0, ...before)),
  content('a zero at the end', (before) => Uint8Array.of(...before, 0)),
  content('a NULL at the end', (before) => Uint8Array.of(...before, 5, 0)),
  content('the first bit changed', (before) => before.map((octet, index) => (index === 0 ? octet ^ 0x80 : octet))),
  content('the last bit changed', (before) => before.map((octet, index) => (index === before.length - 1 ? octet ^ 1 : octet))),
  content('an octet in the middle', (before) => before.map((octet, index) => (index === before.length >> 1 ? octet ^ 0x20 : octet))),
  content('all ones', (before) => before.map(() => 0xff)),
  content('zeros', (before) => before.map(() => 0)),
  foreign(1),
  foreign(2),
  foreign(17),
];

/**
 * @param doubles - how many mutants of up to three changes follow the systematic ones
 * @param step - only each so manieth
 */
export function* derMutants(der: Uint8Array, doubles: number, step = 1): Generator<Mutant> {
  const nodes = placesOf(parseNodes(der)).length;
  for (let place = 0; place < nodes; place++) {
    for (const [index, [what, apply]] of CHANGES.entries()) {
      if ((place * CHANGES.length + index) % step !== 0) continue;
      const top = parseNodes(der);
      const all = placesOf(top);
      apply(all[place], all);
      const bytes = new Uint8Array(writeNodes(top));
      if (Buffer.compare(bytes, der) !== 0) yield { what: `node ${place}: ${what}`, bytes };
    }
  }
  for (let seed = 0; seed < doubles; seed += step) {
    const bytes = mutateDer(der, randomNumbers(seed), der)!;
    if (Buffer.compare(bytes, der) !== 0) yield { what: `seed ${seed}`, bytes };
  }
}
