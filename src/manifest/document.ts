/**
 * YAML text as plain values in the schema's spelling, with the place of each. Source: YAML 1.2.2, core schema.
 * The tree is walked here and not by yaml's toJS, because that walk knows the schema: keys of objects get their canonical
 * spelling and keys of maps stay, and where a text is wanted `1.10` is the text "1.10" and not the number 1.1.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { z } from 'zod';
import type { Faults, KeyPath, SourceMap, Span } from './source-map.ts';
import { camelCase, unknownKeyHint } from './spelling.ts';

const DEPTH = 64;
/** Nodes reached through aliases; more is a bomb and not a manifest. */
const ALIASED_NODES = 10_000;

type Schema = z.core.$ZodType;

/** Parses a manifest's text. Undefined when the text is no YAML; the faults then say why. */
export function readDocument(text: string, schema: Schema, map: SourceMap, faults: Faults): unknown {
  const document = parse(text, map, faults);
  if (!document) return undefined;
  const walk = new Walk(document, map, faults);
  return walk.value(document.contents, schema, []);
}

/** One value from the command line in the form that the schema wants at its place: a text as it stands, else YAML. */
export function readOverride(text: string, schema: Schema | undefined, map: SourceMap, faults: Faults): unknown {
  if (schema && wantsText(schema)) return text;
  const document = parse(text, map, faults);
  return document && new Walk(document, map, faults).value(document.contents, schema, []);
}

function parse(text: string, map: SourceMap, faults: Faults): Document.Parsed | undefined {
  const document = parseDocument(text, {
    lineCounter: new LineCounter(),
    prettyErrors: false,
    strict: true,
    uniqueKeys: true,
    version: '1.2',
  });
  // A warning (an unknown tag, say) means that the value is not what it looks like.
  const problems = [...document.errors, ...document.warnings];
  for (const problem of problems) {
    const [start, end] = problem.pos;
    const first = problem.message.split('\n', 1)[0]!.replace(/^(.)/, (letter) => letter.toLowerCase());
    faults.add(map.fault(first, { start, end }, hintFor(problem.code)));
  }
  return problems.length > 0 ? undefined : document;
}

function hintFor(code: string): string | undefined {
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  if (code === 'TAG_RESOLVE_FAILED') return 'tags are not used in a manifest; put a text that begins with "!" in quotes';
  if (code === 'MULTIPLE_DOCS') return 'a manifest is one document: remove the line "---" in the middle';
  if (code === 'BAD_SCALAR_START') return 'put the text in quotes';
  return undefined;
}

class Walk {
  readonly #document: Document.Parsed;
  readonly #map: SourceMap;
  readonly #faults: Faults;
  readonly #open = new Set<Node>();
  /** Nodes by their anchors, in the order of the text: a name may be used again. */
  #anchors: Map<string, Node[]> | undefined;
  #aliased = 0;
  #inAlias = 0;

  constructor(document: Document.Parsed, map: SourceMap, faults: Faults) {
    this.#document = document;
    this.#map = map;
    this.#faults = faults;
  }

  value(node: Node | null | undefined, schema: Schema | undefined, path: KeyPath): unknown {
    if (!node) return null;
    const span = spanOf(node);
    if (span && this.#inAlias === 0) this.#map.setValue(path, span);
    if (path.length > DEPTH) return this.#refuse(`the manifest is nested more than ${DEPTH} deep`, span);
    if (this.#inAlias > 0 && ++this.#aliased > ALIASED_NODES) {
      if (this.#aliased === ALIASED_NODES + 1) this.#refuse('aliases repeat too much', span);
      return undefined;
    }
    if (isAlias(node)) return this.#alias(this.#anchorFor(node), schema, path, span);
    if (isScalar(node)) return scalarValue(node, schema);
    if (this.#open.has(node)) return this.#refuse('an alias contains itself', span);
    this.#open.add(node);
    try {
      if (isMap(node)) return this.#object(node, schema, path);
      if (isSeq(node)) return node.items.map((item, index) => this.value(item as Node, elementOf(schema), [...path, index]));
      return this.#refuse('this kind of YAML value is not used in a manifest', span);
    } finally {
      this.#open.delete(node);
    }
  }

  /** The last node of that name before the alias (YAML 1.2.2, 7.1). The library's own look-up walks the document each time. */
  #anchorFor(alias: Alias): Node | undefined {
    this.#anchors ??= anchorsIn(this.#document);
    const start = alias.range?.[0] ?? 0;
    return this.#anchors.get(alias.source)?.findLast((node) => (node.range?.[0] ?? 0) < start);
  }

  #alias(target: Node | undefined, schema: Schema | undefined, path: KeyPath, span: Span | undefined): unknown {
    if (!target) return this.#refuse('an alias without its anchor', span);
    if (this.#open.has(target)) return this.#refuse('an alias contains itself', span);
    this.#inAlias++;
    try {
      return this.value(target, schema, path);
    } finally {
      this.#inAlias--;
    }
  }

  #object(node: YAMLMap, schema: Schema | undefined, path: KeyPath): Record<string, unknown> {
    const shape = shapeOf(schema);
    const result: Record<string, unknown> = {};
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const span = spanOf(pair.key);
      const written = isScalar(pair.key) ? sourceText(pair.key) : undefined;
      if (written === undefined || written === '__proto__') {
        this.#refuse(written === undefined ? 'a key must be a plain text' : 'this key is not allowed', span);
        continue;
      }
      const key = shape ? this.#canonical(written, shape, span, path.length > 0 ? String(path.at(-1)) : undefined) : written;
      if (key === undefined) continue;
      if (Object.hasOwn(result, key)) {
        this.#refuse(`"${key}" is given twice, as ${JSON.stringify(written)} and in another spelling`, span);
        continue;
      }
      const inner = [...path, key];
      if (span && this.#inAlias === 0) this.#map.setKey(inner, span);
      result[key] = this.value(pair.value, shape ? shape[key] : valueOf(schema), inner);
    }
    return result;
  }

  #canonical(written: string, shape: Record<string, Schema>, span: Span | undefined, parent?: string): string | undefined {
    if (Object.hasOwn(shape, written)) return written;
    const key = camelCase(written);
    if (Object.hasOwn(shape, key)) return key;
    const where = parent === undefined || /^\d+$/.test(parent) ? '' : ` in "${parent}"`;
    this.#faults.add(this.#map.fault(`unknown key ${JSON.stringify(written)}${where}`, span, unknownKeyHint(written, Object.keys(shape))));
    return undefined;
  }

  #refuse(message: string, span: Span | undefined): undefined {
    this.#faults.add(this.#map.fault(message, span));
    return undefined;
  }
}

function anchorsIn(document: Document.Parsed): Map<string, Node[]> {
  const anchors = new Map<string, Node[]>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node) || node.anchor === undefined) return;
      anchors.set(node.anchor, [...(anchors.get(node.anchor) ?? []), node]);
    },
  });
  return anchors;
}

function spanOf(node: Node | null | undefined): Span | undefined {
  const range = node?.range;
  return range ? { start: range[0], end: range[1] } : undefined;
}

function sourceText(scalar: Scalar): string | undefined {
  if (typeof scalar.value === 'string') return scalar.value;
  if (typeof scalar.value === 'number' || typeof scalar.value === 'boolean') return scalar.source ?? String(scalar.value);
  return undefined;
}

function scalarValue(scalar: Scalar, schema: Schema | undefined): unknown {
  if (schema && wantsText(schema)) return sourceText(scalar) ?? scalar.value;
  return scalar.value;
}

/** A schema without its wrappers (optional, default, …). */
function bare(schema: Schema): Schema {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) inner = inner.unwrap();
  return inner;
}

/** The alternatives of a schema: those of a union, else itself. */
function alternatives(schema: Schema | undefined): Schema[] {
  if (!schema) return [];
  const inner = bare(schema);
  return inner instanceof z.ZodUnion ? inner.options.flatMap((option) => alternatives(option)) : [inner];
}

function wantsText(schema: Schema): boolean {
  const all = alternatives(schema);
  const takesNumbers = all.some((one) => one instanceof z.ZodNumber || one instanceof z.ZodBoolean);
  return !takesNumbers && all.some((one) => one instanceof z.ZodString || one instanceof z.ZodEnum);
}

/** The keys that an object may have; of a union of objects, the keys of all. Undefined for maps, whose keys are free. */
function shapeOf(schema: Schema | undefined): Record<string, Schema> | undefined {
  const objects = alternatives(schema).filter((one) => one instanceof z.ZodObject);
  return objects.length > 0 ? Object.assign({}, ...objects.map((one) => one.shape)) : undefined;
}

function elementOf(schema: Schema | undefined): Schema | undefined {
  const list = alternatives(schema).find((one) => one instanceof z.ZodArray);
  return list?.element;
}

function valueOf(schema: Schema | undefined): Schema | undefined {
  const map = alternatives(schema).find((one) => one instanceof z.ZodRecord);
  return map?.valueType;
}

/** The schema of one key of an object, in any spelling, or of one index of a list. */
export function stepInto(
  schema: Schema | undefined,
  key: string,
): { readonly key: string | number; readonly schema: Schema | undefined } | undefined {
  const shape = shapeOf(schema);
  if (shape) {
    const canonical = Object.hasOwn(shape, key) ? key : camelCase(key);
    return Object.hasOwn(shape, canonical) ? { key: canonical, schema: shape[canonical] } : undefined;
  }
  const element = elementOf(schema);
  if (element) return /^\d{1,6}$/.test(key) ? { key: Number(key), schema: element } : undefined;
  const value = valueOf(schema);
  return value ? { key, schema: value } : undefined;
}

/** The keys known at a place, for a suggestion. */
export function knownKeys(schema: Schema | undefined): string[] {
  return Object.keys(shapeOf(schema) ?? {});
}
