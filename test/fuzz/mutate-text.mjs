/** Changes of JSON, of XML property lists and of lines that keep them so. */
import { pick } from './random.mjs';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

const VALUES = [
  null,
  true,
  false,
  0,
  -1,
  1,
  2 ** 31,
  2 ** 53,
  2 ** 53 - 1,
  Number.POSITIVE_INFINITY,
  0.5,
  '',
  'x',
  '\u0000',
  '\u202e',
  '\ud800',
  '__proto__',
  [],
  {},
  [[]],
  'a'.repeat(300),
];

/** Objects as lists of members: two may have one name. */
function open(value) {
  if (Array.isArray(value)) return { list: value.map(open) };
  if (value !== null && typeof value === 'object')
    return { members: Object.entries(value).map(([name, inner]) => ({ name, value: open(inner) })) };
  return { value };
}

function write(node) {
  if (node.list) return `[${node.list.map(write).join(',')}]`;
  if (node.members) return `{${node.members.map(({ name, value }) => `${JSON.stringify(name)}:${write(value)}`).join(',')}}`;
  return typeof node.value === 'number' && !Number.isFinite(node.value) ? '1e400' : (JSON.stringify(node.value) ?? 'null');
}

function slots(node, found = []) {
  const inner = node.list ?? node.members?.map(({ value }) => value) ?? [];
  found.push(node);
  for (const child of inner) slots(child, found);
  return found;
}

function changeJson(top, random, words) {
  const all = slots(top);
  const node = pick(random, all);
  const list = node.list ?? node.members;
  const kind = random(7);
  if (list?.length && kind < 4) {
    const index = random(list.length);
    if (kind === 0) list.splice(index, 1);
    else if (kind === 1) list.splice(random(list.length), 0, structuredClone(list[index]));
    else if (kind === 2) [list[0], list[index]] = [list[index], list[0]];
    else if (node.members) node.members[index].name = pick(random, [...words, '__proto__', 'constructor', '', 'x']);
    return;
  }
  const source = kind < 6 ? open(pick(random, [...VALUES, ...words])) : structuredClone(pick(random, all));
  for (const key of ['list', 'members', 'value']) delete node[key];
  Object.assign(node, source);
}

/** Half of what comes of it has its members in the order that the canonical form wants. */
export function mutateJson(bytes, random, _other, words) {
  let top;
  try {
    top = open(JSON.parse(decoder.decode(bytes)));
  } catch {
    return undefined;
  }
  for (let left = 1 + random(3); left > 0; left--) changeJson(top, random, words);
  if (random(2) === 0) for (const { members } of slots(top)) members?.sort((a, b) => (a.name < b.name ? -1 : 1));
  return encoder.encode(write(top));
}

/** Pieces between which an XML text may be cut: tags and what stands between them. Elements are whole stretches of pieces. */
export function mutateXml(bytes, random, other, words) {
  const pieces = piecesOf(bytes);
  if (pieces.length < 3) return undefined;
  for (let left = 1 + random(3); left > 0 && pieces.length > 0; left--) {
    const [start, end] = elementAt(pieces, random(pieces.length));
    const part = pieces.slice(start, end);
    const kind = random(6);
    if (kind === 0) pieces.splice(start, part.length);
    else if (kind === 1) pieces.splice(end, 0, ...part);
    else if (kind === 2) pieces.splice(random(pieces.length), 0, ...part);
    else if (kind === 3) pieces[start] = pick(random, words.length > 0 ? words : ['<x>']);
    else if (kind === 4) pieces.splice(start, 0, ...Array.from({ length: random(100) }, () => pick(random, part)));
    else {
      const foreign = piecesOf(other);
      if (foreign.length > 0) pieces.splice(start, part.length, ...foreign.slice(...elementAt(foreign, random(foreign.length))));
    }
  }
  return encoder.encode(pieces.join(''));
}

const piecesOf = (bytes) => decoder.decode(bytes).match(/<[^>]*>|[^<]+/g) ?? [];

function elementAt(pieces, start) {
  if (!/^<[a-z]/i.test(pieces[start]) || pieces[start].endsWith('/>')) return [start, start + 1];
  let depth = 0;
  for (let at = start; at < pieces.length; at++) {
    if (pieces[at].startsWith('</')) depth--;
    else if (/^<[a-z]/i.test(pieces[at]) && !pieces[at].endsWith('/>')) depth++;
    if (depth === 0) return [start, at + 1];
  }
  return [start, start + 1];
}

export function mutateLines(bytes, random, other) {
  const lines = decoder.decode(bytes).split(/(?<=\n)/);
  const strange = decoder.decode(other).split(/(?<=\n)/);
  const index = random(lines.length);
  const kind = random(5);
  if (kind === 0) lines.splice(index, 1);
  else if (kind === 1) lines.splice(index, 0, lines[index]);
  else if (kind === 2) lines.splice(random(lines.length), 0, ...lines.splice(index, 1));
  else if (kind === 3) lines[index] = pick(random, strange);
  else {
    const fields = lines[index].split(/([ \t])/);
    fields[random(fields.length)] = pick(random, pick(random, strange).split(/[ \t]/));
    lines[index] = fields.join('');
  }
  if (random(2) === 0) lines.sort();
  return encoder.encode(lines.join(''));
}
