/**
 * Extended attributes of source files, read with the system's own tool: getfattr (Linux), xattr (macOS). Node has no call
 * for them. One process answers for many files.
 */
import { execFile } from 'node:child_process';
import { DisksealError } from '../core/errors.ts';

/** Attributes by name, by path. */
export type HostAttributes = Map<string, Map<string, Uint8Array>>;

/** Arguments of one process: files, and bytes of their names. Systems allow at least 128 KiB. */
const BATCH_FILES = 2000;
const BATCH_BYTES = 100_000;
const OUTPUT_LIMIT = 1 << 30;

// They say how a file came to this machine, not what it is; an installer must not carry them on.
const LEFT_BEHIND = /^com\.apple\.(?:quarantine|provenance|macl|lastuseddate#PS|system\..*)$/;

/**
 * @param platform - Node's name of the system
 * @throws DisksealError `E_MANIFEST` when the system has no such tool or it fails
 */
export async function readHostAttributes(paths: readonly string[], platform: string): Promise<HostAttributes> {
  const found: HostAttributes = new Map();
  if (platform !== 'linux' && platform !== 'darwin') {
    throw new DisksealError('E_MANIFEST', `hostAttributes: there is no way to read attributes on ${platform}`);
  }
  for (const batch of batches(paths)) {
    if (platform === 'linux')
      parseGetfattr(await run('getfattr', ['-d', '-h', '-m', '-', '-e', 'hex', '--absolute-names', '--', ...batch]), found);
    else parseXattr(await run('xattr', ['-l', '-x', '-s', ...batch]), batch, found);
  }
  return found;
}

function* batches(paths: readonly string[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    if (batch.length === BATCH_FILES || bytes + path.length * 3 > BATCH_BYTES) {
      if (batch.length > 0) yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(path);
    bytes += path.length * 3;
  }
  if (batch.length > 0) yield batch;
}

/** The tool gets a minimal environment: it must not inherit secrets, nor speak another language. */
function run(tool: string, args: string[]): Promise<string> {
  const options = { env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' }, maxBuffer: OUTPUT_LIMIT, encoding: 'buffer' as const };
  return new Promise((resolve, reject) => {
    execFile(tool, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout.toString('latin1'));
      const missing = 'code' in error && error.code === 'ENOENT';
      const words = missing ? `${tool} is not installed` : stderr.toString('utf8').trim().split('\n')[0] || error.message;
      const hint = missing ? 'install it, or remove "hostAttributes"' : undefined;
      return reject(new DisksealError('E_MANIFEST', `hostAttributes: ${words}`, { hint, cause: error }));
    });
  });
}

/**
 * `getfattr -d -e hex`: "# file: PATH", then NAME=0xHEX lines, then an empty line; special characters of paths and names
 * as \ooo. The text is one byte a character.
 */
export function parseGetfattr(text: string, into: HostAttributes): void {
  let path: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('# file: ')) path = unescapeOctal(line.slice(8));
    const found = /^user\.([^=]+)=0x([0-9a-f]*)$/.exec(line) ?? /^user\.([^=]+)(?:=(?:"")?)?$/.exec(line);
    if (found && path !== undefined) add(into, path, unescapeOctal(found[1]!), Buffer.from(found[2] ?? '', 'hex'));
  }
}

function unescapeOctal(text: string): string {
  const bytes = text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** `xattr -l -x`: "PATH: NAME:" (the path only when there are several), then lines of offset, up to 16 bytes in hex, and text. */
export function parseXattr(text: string, paths: readonly string[], into: HostAttributes): void {
  const known = new Set(paths);
  let current: { path: string; name: string; hex: string } | undefined;
  const finish = (): void => {
    if (current) add(into, current.path, current.name, Buffer.from(current.hex, 'hex'));
  };
  for (const line of text.split('\n')) {
    const dump = /^[0-9A-Fa-f]{8}(?:  ((?:[0-9A-Fa-f]{2} +)+)\|.*\|)?$/.exec(line);
    if (dump && current) current.hex += (dump[1] ?? '').replaceAll(' ', '');
    const title = dump ? undefined : titleOf(Buffer.from(line, 'latin1').toString('utf8'), known, paths);
    if (!title) continue;
    finish();
    current = { ...title, hex: '' };
  }
  finish();
}

function titleOf(line: string, known: ReadonlySet<string>, paths: readonly string[]): { path: string; name: string } | undefined {
  if (!line.endsWith(':')) return undefined;
  if (paths.length === 1 && !line.startsWith(`${paths[0]}: `)) return { path: paths[0]!, name: line.slice(0, -1) };
  // Names of attributes seldom have ": " in them, paths may: try each cut.
  for (let at = line.indexOf(': '); at >= 0; at = line.indexOf(': ', at + 1)) {
    if (known.has(line.slice(0, at))) return { path: line.slice(0, at), name: line.slice(at + 2, -1) };
  }
  return undefined;
}

function add(into: HostAttributes, path: string, name: string, value: Uint8Array): void {
  if (LEFT_BEHIND.test(name)) return;
  const own = into.get(path) ?? new Map<string, Uint8Array>();
  own.set(name, new Uint8Array(value));
  into.set(path, own);
}
