/**
 * Extended attributes on this host, by the host's own tools: Node.js has no call for them.
 * Linux: `setfattr --restore` takes them all through one pipe; an attribute gets the prefix `user.`, the only namespace that
 * carries no rights. macOS: `xattr`, one call each. Elsewhere, or without the tool, nothing can be held.
 * Left out on purpose: attributes by which macOS decides what may run, which an image has no business setting.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface AttributeHost {
  /** Longest value that the host takes, 0 when it takes none. Bytes. */
  readonly limit: number;
  /** Whether the host can hold an attribute of this name. */
  takes(name: string): boolean;
  /** Hands one attribute over; it is set at the latest when `finish` returns. @param path - relative to the folder */
  set(path: string, name: string, value: Uint8Array): Promise<void>;
  /** @returns how many attributes the host refused */
  finish(): Promise<number>;
  /** Gives up; nothing is waited for. */
  abort(): void;
}

const NOTHING: AttributeHost = {
  limit: 0,
  takes: () => false,
  set: () => Promise.resolve(),
  finish: () => Promise.resolve(0),
  abort: () => undefined,
};

/** com.apple.quarantine, .macl, .provenance, .rootless, .system.*: decisions of the system about a file, not part of it. */
const DECISIONS = /^com\.apple\.(?:quarantine|macl|provenance|rootless|system\.)/;

/** @param folder - what paths are relative to */
export function attributeHost(folder: string, system: NodeJS.Platform = process.platform): AttributeHost {
  if (system === 'linux') return linuxHost(folder);
  if (system === 'darwin') return macHost(folder);
  return NOTHING;
}

/** Linux: 255 bytes of name with its prefix, 64 KiB of value (linux/limits.h, XATTR_NAME_MAX and XATTR_SIZE_MAX). */
function linuxHost(folder: string): AttributeHost {
  let restore: Restore | undefined;
  return {
    limit: 65_536,
    takes: (name) => name !== '' && Buffer.byteLength(name) <= 250 && !DECISIONS.test(name),
    async set(path, name, value) {
      restore ??= startRestore(folder);
      await restore.write(`# file: ${quoted(path)}\nuser.${quoted(name)}=0s${Buffer.from(value).toString('base64')}\n\n`);
    },
    finish: async () => (restore ? restore.end() : 0),
    abort: () => restore?.child.kill(),
  };
}

interface Restore {
  readonly child: ChildProcess;
  write(text: string): Promise<void>;
  end(): Promise<number>;
}

function startRestore(folder: string): Restore {
  // -h: a symbolic link is never followed, whatever stands where the file was.
  const child = spawn('setfattr', ['-h', '--restore=-'], {
    cwd: folder,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  let given = 0;
  let refused = 0;
  let failed = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (refused += text.split('\n').length - 1));
  child.stdin.on('error', () => (failed = true));
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => {
      failed = true;
      resolve();
    });
    child.once('close', (code) => {
      failed ||= code !== 0 && refused === 0;
      resolve();
    });
  });
  return {
    child,
    async write(text) {
      given++;
      if (failed || child.stdin.write(text)) return;
      await Promise.race([new Promise((resolve) => child.stdin.once('drain', resolve)), ended]);
    },
    async end() {
      child.stdin.end();
      await ended;
      // A tool that is missing or broken set nothing that could be relied on.
      return failed ? given : Math.min(given, refused);
    },
  };
}

/** As setfattr reads names back: backslash, equals sign and line ends in octal. */
function quoted(text: string): string {
  return text.replace(/[\\=\r\n]/g, (unit) => `\\${unit.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** macOS: the value travels as an argument, of which one may have 256 KiB in all. */
function macHost(folder: string): AttributeHost {
  const run = promisify(execFile);
  let refused = 0;
  return {
    limit: 65_536,
    takes: (name) => name !== '' && Buffer.byteLength(name) <= 127 && !DECISIONS.test(name),
    async set(path, name, value) {
      const hex = Buffer.from(value).toString('hex');
      await run('xattr', ['-s', '-w', '-x', name, hex, join(folder, path)]).catch(() => refused++);
    },
    finish: () => Promise.resolve(refused),
    abort: () => undefined,
  };
}
