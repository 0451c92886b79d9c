/** The name of a downloaded file, from the URL that the user gave and from nothing that a server says. */
import { DisksealError } from '../../core/errors.ts';
import { foldedName, nameProblem } from '../../mount/host-names.ts';
import { decoded } from '../../node/http-url.ts';

/** Bytes of UTF-8, with room for `.part` in a filesystem that has 255. */
const LONGEST = 200;

/** @throws DisksealError `E_USAGE` when the URL ends in no name */
export function downloadName(url: URL): string {
  const last = decoded(url.pathname.split('/').at(-1) ?? '');
  // Anything that a shell, a terminal or a filesystem might read as more than a name; a point or hyphen in front, a point or space at the end.
  const name = last
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N} ._+()[\]@,=~-]/gu, '_')
    .replace(/^[-. ~]/, '_')
    .replace(/[. ]$/, '_');
  // Everywhere by the strictest rules: the file may be carried on.
  const problem = nameProblem(name, 'win32');
  if (problem === undefined && Buffer.byteLength(foldedName(name)) <= LONGEST && /[^_]/.test(name)) return name;
  throw new DisksealError('E_USAGE', 'the URL ends in nothing that could name a file', { hint: 'say where to: --output FILE' });
}
