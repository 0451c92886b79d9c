/** What is mounted where on Linux, as this process sees it. Source: proc_pid_mountinfo(5). */
import { readFile } from 'node:fs/promises';
import { readError } from '../core/system-error.ts';

export interface Mounted {
  readonly folder: string;
  /** As in `fuse.diskseal`. */
  readonly type: string;
  readonly source: string;
  /** Device number, as in `0:39`. */
  readonly device: string;
}

const TABLE = '/proc/self/mountinfo';

/** In the order in which they were mounted: of two on one folder the later one is seen. Empty on other systems than Linux. */
export async function readMountTable(): Promise<Mounted[]> {
  if (process.platform !== 'linux') return [];
  const text = await readFile(TABLE, 'utf8').catch((error: unknown) => {
    throw readError(TABLE, error);
  });
  return parseMountTable(text);
}

/** Lines of "36 35 98:0 /root /folder options optional... - type source options". */
export function parseMountTable(text: string): Mounted[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const [device, folder] = [fields[2], fields[4]];
    const separator = fields.indexOf('-', 6);
    const [type, source] = separator < 0 ? [] : fields.slice(separator + 1);
    if (device === undefined || folder === undefined || type === undefined || source === undefined) return [];
    return [{ folder: unescaped(folder), type, source: unescaped(source), device }];
  });
}

/** Space, tab, line feed, backslash and number sign stand there as octal numbers of their bytes. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
