/** `--insecure-skip-verify`, the one loud way round the verification. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { diskseal } from '../support/command-line.ts';
import { type SealedImage, sealedImage } from '../support/sealed-image.ts';

const IMAGE = 'Hello-1.0.0.dmg';
let sealed: SealedImage;
beforeAll(async () => {
  sealed = await sealedImage();
});

const run = (...words: string[]) => diskseal(words, { cwd: sealed.folder, env: { XDG_STATE_HOME: join(sealed.folder, 'state') } });

describe('rule 22: --insecure-skip-verify', () => {
  test.each([
    ['ls', ['ls', IMAGE]],
    ['extract', ['extract', IMAGE, '-o', 'out']],
    ['cat', ['cat', IMAGE, 'Hello.app/Contents/empty']],
  ])(
    '%s: without it an image that nobody vouches for is refused; with it the answer says that nothing is verified, loudly',
    async (_, words) => {
      expect((await run(...words)).code).toBe(30);
      const loud = await run(...words, '--insecure-skip-verify', '--json');
      expect(loud.json()).toMatchObject({ verified: false });
      expect(loud.stderr).toContain('NOT verified');
      expect(
        (
          await run(
            ...words.slice(0, 2),
            ...words.slice(2).map((word) => (word === 'out' ? 'quiet' : word)),
            '--insecure-skip-verify',
            '--quiet',
          )
        ).stderr,
      ).toContain('NOT verified');
    },
  );
  test('no other command knows it', async () => {
    for (const words of [['verify', IMAGE], ['sign', IMAGE], ['get', 'http://127.0.0.1:1/a.dmg'], ['build']]) {
      const { code, stderr } = await run(...words, '--insecure-skip-verify');
      expect([words[0], code]).toEqual([words[0], 2]);
      expect(stderr).toContain('unknown option');
    }
  });
  test('nothing is remembered', async () => {
    await run('ls', sealed.image, '--insecure-skip-verify');
    expect(existsSync(join(sealed.folder, 'state'))).toBe(false);
  });
  test('limits stay: a malformed image is an error as ever', async () => {
    await writeFile(join(sealed.folder, 'text.dmg'), 'no image');
    expect((await run('ls', 'text.dmg', '--insecure-skip-verify')).code).toBe(20);
  });
});
