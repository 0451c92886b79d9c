/**
 * The part of JSON Schema (draft 2020-12, "validation" vocabulary) that our own schemas use, and a validator for it that says what is
 * wrong in words. Left out: everything else; a schema cannot use a keyword that is not in the type.
 */
import { closest, meant } from '../core/closest-word.ts';

export interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: string;
  /** Not of JSON Schema: what a text that fails `pattern` should have been. */
  readonly form?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer';
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: false | Schema;
  readonly propertyNames?: Schema;
  readonly required?: readonly string[];
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

/** Keys and indices from the top. */
export type DocumentPath = readonly (string | number)[];

export interface DocumentFault {
  readonly path: DocumentPath;
  readonly message: string;
  readonly hint?: string | undefined;
  /** The fault is in the key and not in the value. */
  readonly atKey?: true;
}

/** Everything that is wrong with a document; nothing when it is good. Depth is bounded by the schema's. */
export function schemaFaults(value: unknown, schema: Schema, path: DocumentPath = []): DocumentFault[] {
  if (schema.anyOf) return alternativeFaults(value, schema.anyOf, path);
  if (schema.const !== undefined) return value === schema.const ? [] : [{ path, message: `must be ${JSON.stringify(schema.const)}` }];
  if (schema.enum) return enumFaults(value, schema.enum, path);
  switch (schema.type) {
    case 'object':
      return isObject(value) ? objectFaults(value, schema, path) : [{ path, message: 'must have members, as in "name: value"' }];
    case 'array':
      return Array.isArray(value) ? arrayFaults(value, schema, path) : [{ path, message: 'must be a list' }];
    case 'integer':
      return integerFaults(value, schema, path);
    default:
      return textFaults(value, schema, path);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The alternative of the value's own kind says what is wrong with it. */
function alternativeFaults(value: unknown, alternatives: readonly Schema[], path: DocumentPath): DocumentFault[] {
  const all = alternatives.map((schema) => ({ schema, faults: schemaFaults(value, schema, path) }));
  if (all.some(({ faults }) => faults.length === 0)) return [];
  const kind = Array.isArray(value) ? 'array' : isObject(value) ? 'object' : 'string';
  return (all.find(({ schema }) => schema.type === kind) ?? all[0]!).faults;
}

function enumFaults(value: unknown, allowed: readonly string[], path: DocumentPath): DocumentFault[] {
  if (allowed.some((one) => one === value)) return [];
  const near = typeof value === 'string' ? closest(value, allowed) : undefined;
  return [
    {
      path,
      message: `must be ${allowed.slice(0, -1).join(', ')}${allowed.length > 1 ? ' or ' : ''}${allowed.at(-1)}`,
      hint: near && meant(near),
    },
  ];
}

function integerFaults(value: unknown, { minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Schema, path: DocumentPath): DocumentFault[] {
  const good = typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum;
  return good ? [] : [{ path, message: `must be a whole number from ${minimum} to ${maximum}` }];
}

function textFaults(
  value: unknown,
  { pattern, minLength = 0, maxLength = 4096, form = 'a text' }: Schema,
  path: DocumentPath,
): DocumentFault[] {
  const good =
    typeof value === 'string' &&
    value.length >= minLength &&
    value.length <= maxLength &&
    (pattern === undefined || new RegExp(pattern, 'u').test(value));
  return good ? [] : [{ path, message: `must be ${form}` }];
}

function arrayFaults(
  list: readonly unknown[],
  { items, minItems = 0, maxItems = 4096, uniqueItems }: Schema,
  path: DocumentPath,
): DocumentFault[] {
  if (list.length < minItems)
    return [{ path, message: 'is empty, which would allow nothing', hint: 'leave the member out to allow everything' }];
  if (list.length > maxItems) return [{ path, message: `has ${list.length} items, at most ${maxItems} are read` }];
  const faults = items ? list.flatMap((item, index) => schemaFaults(item, items, [...path, index])) : [];
  const spelled = list.map((item) => JSON.stringify(item));
  const twice = uniqueItems ? spelled.findIndex((item, index) => spelled.indexOf(item) !== index) : -1;
  return twice < 0 ? faults : [...faults, { path: [...path, twice], message: 'is there twice' }];
}

function objectFaults(value: Record<string, unknown>, schema: Schema, path: DocumentPath): DocumentFault[] {
  const { properties = {}, additionalProperties, propertyNames, required = [], dependentRequired = {} } = schema;
  const keys = Object.keys(value);
  const { minProperties = 0, maxProperties = 4096 } = schema;
  if (keys.length < minProperties) return [{ path, message: 'is empty, which would allow nothing' }];
  if (keys.length > maxProperties) return [{ path, message: `has ${keys.length} members, at most ${maxProperties} are read` }];
  const faults = keys.flatMap((key) => {
    const inner = [...path, key];
    if (Object.hasOwn(properties, key)) return schemaFaults(value[key], properties[key]!, inner);
    if (additionalProperties === false) return [unknownMember(key, Object.keys(properties), path)];
    const named = propertyNames ? schemaFaults(key, propertyNames, inner).map((fault) => ({ ...fault, atKey: true as const })) : [];
    return [...named, ...(additionalProperties ? schemaFaults(value[key], additionalProperties, inner) : [])];
  });
  const missing = [...required, ...keys.flatMap((key) => (Object.hasOwn(dependentRequired, key) ? dependentRequired[key]! : []))];
  const absent = [...new Set(missing)].filter((key) => !Object.hasOwn(value, key));
  return [
    ...faults,
    ...absent.map((key) => ({ path, message: `lacks "${key}"${required.includes(key) ? '' : needing(key, keys, dependentRequired)}` })),
  ];
}

function needing(key: string, keys: readonly string[], dependentRequired: Readonly<Record<string, readonly string[]>>): string {
  const who = keys.filter((one) => Object.hasOwn(dependentRequired, one) && dependentRequired[one]!.includes(key));
  return `, which goes with "${who.join('", "')}"`;
}

function unknownMember(key: string, known: readonly string[], path: DocumentPath): DocumentFault {
  const near = closest(key, known);
  const hint = near === undefined ? `known here: ${known.join(', ')}` : meant(near);
  return { path: [...path, key], message: 'is not known', hint, atKey: true };
}
