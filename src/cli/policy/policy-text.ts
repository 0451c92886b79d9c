/**
 * A policy file's text as plain data, with the place of everything in it for errors. YAML 1.2 with its failsafe schema, of which JSON
 * is a part: every scalar is a text, so that a version 1.10 stays one; numbers are made only where the policy wants them.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, Scalar } from 'yaml';
import { Faults, type KeyPath, SourceMap, type Span } from '../../manifest/source-map.ts';
import { faultError, policyFaults } from '../../trust/policy-document.ts';

/** Deeper than any policy. */
const DEPTH = 8;

/** @throws DisksealError `E_POLICY`, the first fault in the order of the text, the others attached */
export function readPolicyText(text: string, path: string): unknown {
  const map = new SourceMap(text, path);
  const faults = new Faults();
  const document = parse(text, map, faults);
  faults.check();
  for (const fault of policyFaults(document)) {
    const { message } = faultError(fault);
    const span = fault.atKey ? map.key(fault.path) : map.place(fault.path);
    faults.add(map.fault(message, span, fault.hint, 'E_POLICY'));
  }
  faults.check();
  return document;
}

function parse(text: string, map: SourceMap, faults: Faults): unknown {
  const document = parseDocument(text, {
    lineCounter: new LineCounter(),
    prettyErrors: false,
    strict: true,
    uniqueKeys: true,
    schema: 'failsafe',
    version: '1.2',
  });
  for (const problem of [...document.errors, ...document.warnings]) {
    const [start, end] = problem.pos;
    faults.add(map.fault(problem.message.split('\n', 1)[0]!, { start, end }, undefined, 'E_POLICY'));
  }
  faults.check();
  return valueOf(document.contents, [], map, faults);
}

/** Depth is bounded; aliases, tags and keys that are no texts have no use here. */
function valueOf(node: Node | null | undefined, path: KeyPath, map: SourceMap, faults: Faults): unknown {
  const span = spanOf(node);
  if (span) map.setValue(path, span);
  const refuse = (message: string): undefined => faults.add(map.fault(message, span, undefined, 'E_POLICY')) as undefined;
  if (path.length > DEPTH) return refuse(`the policy is nested more than ${DEPTH} deep`);
  if (isScalar(node)) return scalarOf(node, path);
  if (isSeq(node)) return node.items.map((item, index) => valueOf(item as Node, [...path, index], map, faults));
  if (!isMap(node)) return node ? refuse('aliases are not used in a policy') : undefined;
  const members: [string, unknown][] = [];
  for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
    if (!isScalar(key) || typeof key.value !== 'string') return refuse('a key must be a plain text');
    const inner = [...path, key.value];
    const place = spanOf(key);
    if (place) map.setKey(inner, place);
    members.push([key.value, valueOf(value, inner, map, faults)]);
  }
  return Object.fromEntries(members);
}

/** Where the policy wants a number, by the last key. */
const NUMBERS: ReadonlySet<unknown> = new Set(['count', 'minBuild', 'maxTimestampAge', 'rsaBits']);

function scalarOf({ value, type }: Scalar, path: KeyPath): unknown {
  const number = type === Scalar.PLAIN && typeof value === 'string' && /^\d{1,16}$/.test(value) && NUMBERS.has(path.at(-1));
  return number ? Number(value) : value;
}

function spanOf(node: Node | null | undefined): Span | undefined {
  const range = node?.range;
  return range ? { start: range[0], end: range[1] } : undefined;
}
