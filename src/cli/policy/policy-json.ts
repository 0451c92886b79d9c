/** A policy as JSON: what the one-file verifier reads in place of policy-text.ts, which reads YAML and JSON. */
import { DisksealError } from '../../core/errors.ts';
import { checkedPolicy } from '../../trust/policy-document.ts';

/** @throws DisksealError `E_POLICY` */
export function readPolicyText(text: string, path: string): unknown {
  try {
    const document = checkedPolicy(parse(text));
    // JSON.parse takes the last of two members of one name, another reader the first.
    if (namesIn(text) !== memberCount(document)) throw new DisksealError('E_POLICY', 'the policy names a member twice');
    return document;
  } catch (error) {
    throw error instanceof DisksealError ? error.with({ path }) : error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DisksealError('E_POLICY', 'the policy is not JSON', { cause, hint: 'this verifier reads policies as JSON alone' });
  }
}

/** Outside of texts a colon stands after a name and nowhere else. */
function namesIn(text: string): number {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|:/g) ?? [];
  return tokens.filter((token) => token === ':').length;
}

/** No deeper than the schema allows, which was checked. */
function memberCount(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner: unknown[] = Object.values(value);
  return inner.reduce<number>((sum, one) => sum + memberCount(one), Array.isArray(value) ? 0 : inner.length);
}
