/**
 * JSON in the one form that RFC 8785 allows: members sorted by UTF-16 code units, no white space, strings escaped as
 * ECMAScript's JSON.stringify does. Left out: fractions and numbers above 2^53-1, which a statement never holds.
 */
import { assert } from '../core/errors.ts';

export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Members that are undefined are left out. The depth is the caller's own: only values built by this program are encoded. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number') {
    assert(Number.isSafeInteger(value) && !Object.is(value, -0), `${value} has no canonical form here`);
    return String(value);
  }
  if (typeof value === 'string') {
    assert(!/\p{Cs}/u.test(value), 'a lone surrogate has no canonical form');
    return JSON.stringify(value);
  }
  if (typeof value === 'boolean') return String(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value)
    .filter((member): member is [string, Json] => member[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
