/** The body file, a list of files that forensic tools exchange: eleven fields a line, between bars. */
import { modeOfLetters, type SeenEntry } from './reader.ts';

export interface BodyLine extends Pick<SeenEntry, 'type'> {
  readonly md5: string;
  readonly path: string;
  readonly target: string | undefined;
  readonly id: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly modified: number;
}

const FIELDS_AFTER_NAME = 9;

/** A name may hold a bar, so the fields behind it are counted from the end. */
export function bodyLines(text: string): BodyLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split('|');
      const [id = '', mode = '', uid, gid, size, , modified] = fields.slice(-FIELDS_AFTER_NAME);
      const name = fields.slice(1, -FIELDS_AFTER_NAME).join('|').replace(/^\//, '');
      const letters = mode.replace(/^.\//, '');
      const [path = '', target] = letters.startsWith('l') ? name.split(' -> ') : [name];
      return {
        md5: fields[0],
        path,
        target,
        id,
        type: letters.startsWith('d') ? 'folder' : letters.startsWith('l') ? 'symlink' : 'file',
        mode: modeOfLetters(letters.slice(1)),
        uid: Number(uid),
        gid: Number(gid),
        size: Number(size),
        modified: Number(modified),
      };
    });
}
