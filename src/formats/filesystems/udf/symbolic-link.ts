/** The content of a symbolic link: path components. Source: ECMA-167 4/14.16. */
import { DisksealError } from '../../../core/errors.ts';
import { decodeText, encodeText } from './text.ts';

const Component = { root: 2, parent: 3, current: 4, name: 5 } as const;
const HEADER = 4;

/** @throws DisksealError `E_UDF` for a component of more than 254 bytes */
export function encodeTarget(target: string): Uint8Array {
  const parts: number[] = target.startsWith('/') ? [Component.root, 0, 0, 0] : [];
  for (const name of target.split('/')) {
    if (name === '') continue;
    if (name === '.' || name === '..') parts.push(name === '.' ? Component.current : Component.parent, 0, 0, 0);
    else {
      const text = encodeText(name);
      if (text.length > 255)
        throw new DisksealError('E_UDF', `the link leads to a name of ${name.length} characters, which UDF cannot hold`);
      parts.push(Component.name, text.length, 0, 0, ...text);
    }
  }
  return Uint8Array.from(parts);
}

/** As a volume can hold it: without doubled and last slashes. */
export function storedTarget(target: string): string {
  return decodeTarget(encodeTarget(target), 0);
}

/** @throws DisksealError `E_UDF` */
export function decodeTarget(content: Uint8Array, offset: number): string {
  const names: string[] = [];
  let absolute = false;
  for (let at = 0; at < content.length; ) {
    const [type, length = 0] = content.subarray(at, at + HEADER);
    if (at + HEADER + length > content.length) throw malformed(offset);
    if (type === Component.name) names.push(decodeText(content.subarray(at + HEADER, at + HEADER + length), offset));
    else if (type === Component.parent) names.push('..');
    else if (type === Component.current) names.push('.');
    else if ((type === Component.root || type === 1) && at === 0) absolute = true;
    else throw malformed(offset);
    at += HEADER + length;
  }
  return (absolute ? '/' : '') + names.join('/');
}

function malformed(offset: number): DisksealError {
  return new DisksealError('E_UDF', 'a symbolic link has malformed path components', { offset });
}
