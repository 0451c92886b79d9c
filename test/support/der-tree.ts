/** DER as a tree that a test can change and write again, rightly or wrongly. */
import type { DerElement } from '../../src/pki/der.ts';
import { readDer } from '../../src/pki/der.ts';
import { element } from '../../src/pki/der-write.ts';

export interface Node {
  tag: number;
  children: Node[];
  /** Of a primitive node. */
  content: Uint8Array;
}

export function treeOf(der: Uint8Array): Node {
  const convert = ({ tag, children, content }: DerElement): Node => ({ tag, children: children.map(convert), content });
  return convert(readDer(der, 'test'));
}

/** How one node is written: the default is DER. */
export type Spelling = (node: Node, content: Uint8Array) => Uint8Array;

export function write(node: Node, odd?: { node: Node; spelling: Spelling }): Uint8Array {
  const content = node.tag & 0x20 ? joined(node.children.map((child) => write(child, odd))) : node.content;
  return odd?.node === node ? odd.spelling(node, content) : element(node.tag, content);
}

export function nodesOf(node: Node): Node[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Follows indices down from the top. */
export function at(node: Node, ...path: number[]): Node {
  return path.reduce((found, index) => found.children.at(index)!, node);
}

/** Ways to write a node that BER allows and DER does not. */
export const BER_SPELLINGS: Record<string, Spelling> = {
  'indefinite length': ({ tag }, content) => joined([Uint8Array.of(tag, 0x80), content, Uint8Array.of(0, 0)]),
  'a length in one octet too many': ({ tag }, content) => {
    const octets: number[] = [];
    for (let rest = content.length; rest > 0 || octets.length === 0; rest >>= 8) octets.unshift(rest & 0xff);
    const padded = content.length < 0x80 ? octets : [0, ...octets];
    return joined([Uint8Array.of(tag, 0x80 | padded.length, ...padded), content]);
  },
  'constructed and primitive exchanged': ({ tag }, content) => element(tag ^ 0x20, content),
};

/** Ways to write a node that are DER of another value, or of a broken structure. */
export const OTHER_VALUES: Record<string, Spelling> = {
  'a byte after the content': ({ tag }, content) => element(tag, content, Uint8Array.of(0)),
  'a NULL after the content': ({ tag }, content) => element(tag, content, Uint8Array.of(5, 0)),
  'an octet less': ({ tag }, content) => element(tag, content.subarray(0, -1)),
  'nothing at all': ({ tag }) => element(tag),
  'a changed octet': ({ tag }, content) =>
    element(
      tag,
      content.map((octet, index) => (index === content.length - 1 ? octet ^ 1 : octet)),
    ),
  'another tag': ({ tag }, content) => element(tag ^ 1, content),
  twice: ({ tag }, content) => joined([element(tag, content), element(tag, content)]),
  'left out': () => new Uint8Array(),
};
