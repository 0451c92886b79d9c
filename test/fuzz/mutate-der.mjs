/**
 * Changes of DER that keep it DER: nodes left out, doubled, exchanged, under another tag, with the content of other nodes; lengths
 * around them are written anew. And some that do not: BER spellings of a node. The reader here is a patient one: what is no DER any
 * more stays as the content of the node it stands in. Nodes hidden in an OCTET STRING or BIT STRING are found too.
 */
import { pick } from './random.mjs';

const DEPTH = 24;

/** @returns nodes {tag, children | content, prefix}, or nothing when the bytes are not a row of whole elements */
export function parseNodes(bytes, depth = 0) {
  const nodes = [];
  let at = 0;
  while (at < bytes.length) {
    const head = readHead(bytes, at);
    if (!head) return undefined;
    nodes.push(nodeOf(bytes[at], bytes.subarray(head.start, head.end), depth));
    at = head.end;
  }
  return nodes;
}

function readHead(bytes, at) {
  if (at + 2 > bytes.length || (bytes[at] & 0x1f) === 0x1f) return undefined;
  let length = bytes[at + 1];
  let start = at + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    if (octets === 0 || octets > 4 || start + octets > bytes.length) return undefined;
    length = 0;
    while (start < at + 2 + octets) length = length * 256 + bytes[start++];
  }
  return start + length <= bytes.length ? { start, end: start + length } : undefined;
}

function nodeOf(tag, content, depth) {
  const inside = tag & 0x20 ? 0 : tag === 4 ? 0 : tag === 3 && content[0] === 0 ? 1 : -1;
  if (inside >= 0 && depth < DEPTH && content.length > inside) {
    const children = parseNodes(content.subarray(inside), depth + 1);
    if (children && (tag & 0x20 || children.some((child) => child.tag & 0x20))) return { tag, prefix: content.slice(0, inside), children };
  }
  return { tag, content: content.slice() };
}

export function writeNodes(nodes) {
  return Buffer.concat(nodes.map(writeNode));
}

function writeNode(node) {
  const content = node.children ? Buffer.concat([node.prefix, writeNodes(node.children)]) : node.content;
  return Buffer.concat([
    Uint8Array.of(node.tag),
    lengthOctets(content.length, node.spelling),
    content,
    node.spelling === 'indefinite' ? Uint8Array.of(0, 0) : new Uint8Array(),
  ]);
}

function lengthOctets(length, spelling) {
  if (spelling === 'indefinite') return Uint8Array.of(0x80);
  const octets = [];
  for (let rest = length; rest > 0 || octets.length === 0; rest = Math.floor(rest / 256)) octets.unshift(rest & 0xff);
  if (spelling === 'long') return Uint8Array.of(0x81 + octets.length, 0, ...octets);
  return length < 0x80 ? Uint8Array.of(length) : Uint8Array.of(0x80 | octets.length, ...octets);
}

/** All nodes with the list in which they stand. */
export function placesOf(nodes, found = []) {
  for (const [index, node] of nodes.entries()) {
    found.push({ list: nodes, index, node });
    if (node.children) placesOf(node.children, found);
  }
  return found;
}

const TAGS = [
  1, 2, 3, 4, 5, 6, 10, 12, 19, 22, 23, 24, 28, 30, 0x30, 0x31, 0x80, 0x81, 0x82, 0x84, 0x86, 0x87, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4,
];
const copyOf = (node) => structuredClone(node);

const CHANGES = [
  ({ list, index }) => list.splice(index, 1),
  ({ list, index, node }) => list.splice(index, 0, copyOf(node)),
  ({ list, index, node }, random) => {
    const second = random(list.length);
    list[index] = list[second];
    list[second] = node;
  },
  ({ node }, random) => (node.tag = pick(random, TAGS)),
  ({ node }, random) => (node.tag ^= pick(random, [0x20, 0x40, 0x80, 1, 2])),
  ({ node }, random) => (node.spelling = pick(random, ['indefinite', 'long'])),
  ({ list, index }, random, all) => (list[index] = copyOf(pick(random, all).node)),
  ({ list, index }, random, all) => list.splice(index, 0, copyOf(pick(random, all).node)),
  ({ node }, random) => {
    node.content = Uint8Array.from({ length: random(pick(random, [2, 4, 20, 200])) }, () =>
      pick(random, [0, 0xff, 0x80, 0x7f, 0x30, random(256)]),
    );
    delete node.children;
  },
  ({ node }, random) => {
    if (!node.content?.length) return;
    const at = random(node.content.length);
    node.content[at] = pick(random, [0, 0xff, 0x80, node.content[at] ^ (1 << random(8)), node.content[at] + 1]);
  },
  // A row of the same, and a tower.
  ({ list, index, node }, random) => list.splice(index, 0, ...Array.from({ length: random(64) }, () => copyOf(node))),
  ({ list, index, node }, random) => {
    let tower = node;
    for (let left = random(40); left > 0; left--) tower = { tag: 0x30, prefix: new Uint8Array(), children: [tower] };
    list[index] = tower;
  },
];

export function mutateDer(bytes, random, other) {
  const nodes = parseNodes(bytes);
  if (!nodes?.length) return undefined;
  const foreign = random(4) === 0 ? parseNodes(other) : undefined;
  for (let left = 1 + random(3); left > 0 && nodes.length > 0; left--) {
    const places = placesOf(nodes);
    pick(random, CHANGES)(pick(random, places), random, foreign?.length ? placesOf(foreign) : places);
  }
  return new Uint8Array(writeNodes(nodes));
}
