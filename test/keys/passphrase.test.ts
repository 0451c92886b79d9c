import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { passphraseFromEnvironment, passphraseFromFile, passphraseFromPrompt, type Terminal } from '../../src/keys/passphrase.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('a passphrase', () => {
  it('rule 23: from the environment leaves it at once', async () => {
    const environment: Record<string, string | undefined> = { SECRET: 'pw', OTHER: 'x' };
    const source = passphraseFromEnvironment('SECRET', environment);
    expect(environment).toEqual({ OTHER: 'x' });
    expect(await source('a key')).toBe('pw');
    expect(() => passphraseFromEnvironment('SECRET', environment)).toThrow('is not set');
    expect(() => passphraseFromEnvironment('EMPTY', { EMPTY: '' })).toThrow('is not set');
  });

  it('rule 23: from a file is one line, and the file private', async () => {
    const folder = await temporaryFolder();
    const file = (name: string, text: string, mode = 0o600): string => {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), mode);
      return join(folder, name);
    };
    const read = (path: string): Promise<string> => passphraseFromFile(path)('a key');
    expect(await read(file('a', 'p w \n'))).toBe('p w ');
    expect(await read(file('b', 'pw\r\n', 0o400))).toBe('pw');
    expect(await read(file('c', 'pä߀'))).toBe('pä߀');
    for (const mode of [0o640, 0o604, 0o620, 0o644, 0o602]) {
      await expect(read(file('d', 'pw', mode))).rejects.toMatchObject({
        code: 'E_KEY',
        message: 'the passphrase file can be read by others',
      });
    }
    await expect(read(file('e', 'two\nlines\n'))).rejects.toMatchObject({ code: 'E_KEY' });
    await expect(read(file('f', ''))).rejects.toMatchObject({ code: 'E_KEY' });
    await expect(read(file('g', 'x'.repeat(5000)))).rejects.toMatchObject({ code: 'E_KEY' });
    await expect(read(join(folder, 'none'))).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    mkdirSync(join(folder, 'folder'), { mode: 0o700 });
    await expect(read(join(folder, 'folder'))).rejects.toMatchObject({ code: 'E_KEY' });
  });
});

describe('the prompt', () => {
  function terminal(...typed: string[]): { terminal: Terminal; shown: string[]; raw: boolean[] } {
    const shown: string[] = [];
    const raw: boolean[] = [];
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
    for (const text of typed) input.write(text);
    return { terminal: { input, output: { write: (text: string) => shown.push(text) } }, shown, raw };
  }

  it('keeps what was typed ahead for the next question', async () => {
    const ask = passphraseFromPrompt(terminal('first\nsecond\nthi', 'rd\n').terminal);
    expect([await ask('a'), await ask('b'), await ask('c')]).toEqual(['first', 'second', 'third']);
  });

  it('shows nothing of what is typed', async () => {
    const { terminal: one, shown, raw } = terminal('se', 'cret\r');
    expect(await passphraseFromPrompt(one)('publisher.key.pem')).toBe('secret');
    expect(shown.join('')).toBe('passphrase for publisher.key.pem: \n');
    expect(raw).toEqual([true, false]);
  });

  it.each([
    ['abc\x7f\x7fd\n', 'ad'],
    ['pä\x7fo߀\n', 'po߀'],
    ['wrong\x15right\n', 'right'],
    ['\x7f\x7f\n', ''],
    ['a\x1b\x04', 'a'],
  ])('understands %j', async (typed, passphrase) => {
    expect(await passphraseFromPrompt(terminal(typed).terminal)('x')).toBe(passphrase);
  });

  it('is left with ctrl-C, and restores the terminal', async () => {
    const { terminal: one, raw } = terminal('abc\x03');
    await expect(passphraseFromPrompt(one)('x')).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
    expect(raw).toEqual([true, false]);
  });

  it('needs a terminal', async () => {
    await expect(passphraseFromPrompt({ input: new PassThrough(), output: { write: () => true } })('x')).rejects.toMatchObject({
      code: 'E_KEY',
    });
  });
});
