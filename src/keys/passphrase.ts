/**
 * Where a passphrase comes from: a hidden prompt, an allowed environment variable, a private file. Never an argument, which every
 * process of the machine can read (seal-rules 23).
 */
import { open } from 'node:fs/promises';
import { DisksealError } from '../core/errors.ts';
import { readError } from '../core/system-error.ts';

/** Asked only when a key turns out to be encrypted. @param what - what it is for, in a few words */
export type PassphraseSource = (what: string) => Promise<string>;

const SIZE_LIMIT = 4096;

/**
 * Takes the variable out of the environment at once, needed or not, so that no child process inherits it.
 * @param environment - normally `process.env`, which is changed
 * @throws DisksealError `E_KEY` when it is not set
 */
export function passphraseFromEnvironment(name: string, environment: Record<string, string | undefined>): PassphraseSource {
  const passphrase = environment[name];
  delete environment[name];
  if (passphrase === undefined || passphrase === '') {
    throw new DisksealError('E_KEY', `the environment variable ${name}, which should hold a passphrase, is not set`);
  }
  return () => Promise.resolve(passphrase);
}

/** @throws when asked: DisksealError `E_KEY` for a file that others can read, `E_NOT_FOUND`, `E_READ` */
export function passphraseFromFile(path: string): PassphraseSource {
  return () => readPassphraseFile(path);
}

async function readPassphraseFile(path: string): Promise<string> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw readError(path, cause, 'the passphrase');
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new DisksealError('E_KEY', 'the passphrase is not in a regular file', { path });
    // Windows has no such bits; its files belong to their user unless shared on purpose.
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      throw new DisksealError('E_KEY', 'the passphrase file can be read by others', { path, hint: `chmod 600 ${path}` });
    }
    if (stat.size > SIZE_LIMIT) throw new DisksealError('E_KEY', 'the file is too large to be a passphrase', { path });
    const text = (await handle.readFile('utf8')).replace(/\r?\n$/, '');
    if (text === '' || text.includes('\n')) throw new DisksealError('E_KEY', 'a passphrase file holds one line', { path });
    return text;
  } catch (error) {
    throw readError(path, error, 'the passphrase');
  } finally {
    await handle.close();
  }
}

/** What a prompt needs of the terminal; `process.stdin` and `process.stderr` have it. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly output: { write(text: string): unknown };
}

/** Asks on the terminal without showing what is typed. @throws when asked: `E_KEY` without a terminal, `E_INTERRUPTED` at ctrl-C */
export function passphraseFromPrompt({ input, output }: Terminal): PassphraseSource {
  return async (what) => {
    if (!input.isTTY || !input.setRawMode) {
      const hint = 'give it by an environment variable or a private file';
      throw new DisksealError('E_KEY', `${what} needs a passphrase, and there is no terminal to ask on`, { hint });
    }
    output.write(`passphrase for ${what}: `);
    try {
      input.setRawMode(true);
      return await readHidden(input);
    } finally {
      input.setRawMode(false);
      input.pause();
      output.write('\n');
    }
  };
}

const [CTRL_C, CTRL_D, BACKSPACE, DELETE, CTRL_U, LINE_FEED, RETURN] = [3, 4, 8, 127, 21, 10, 13];

function readHidden(input: NodeJS.ReadableStream): Promise<string> {
  const typed: number[] = [];
  return new Promise((resolve, reject) => {
    const finish = (result: () => void): void => {
      input.removeListener('data', onData);
      input.removeListener('end', onEnd);
      // At once: what flows while nobody listens is lost.
      input.pause();
      result();
    };
    const accept = (): void => finish(() => resolve(new TextDecoder().decode(Uint8Array.from(typed))));
    const onEnd = (): void => finish(() => reject(new DisksealError('E_INTERRUPTED', 'the terminal was closed')));
    const onData = (data: Buffer | string): void => {
      const bytes = Buffer.from(data);
      for (const [index, byte] of bytes.entries()) {
        if (byte === CTRL_C) return finish(() => reject(new DisksealError('E_INTERRUPTED', 'interrupted')));
        if (byte === RETURN || byte === LINE_FEED || byte === CTRL_D) {
          accept();
          // What was typed ahead is for the next question.
          if (index + 1 < bytes.length) input.unshift(bytes.subarray(index + 1));
          return;
        }
        if (byte === BACKSPACE || byte === DELETE) eraseCharacter(typed);
        else if (byte === CTRL_U) typed.length = 0;
        else if (byte >= 0x20 && typed.length < SIZE_LIMIT) typed.push(byte);
      }
    };
    input.on('data', onData);
    input.on('end', onEnd);
    input.resume();
  });
}

/** Removes the last character of UTF-8: its continuation bytes and the byte that began it. */
function eraseCharacter(bytes: number[]): void {
  while (bytes.length > 0 && (bytes.pop()! & 0xc0) === 0x80);
}
