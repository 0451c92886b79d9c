/**
 * The 57 attacks that the seal must withstand, one directory each: `attack.json` says what is tried and how it has to be refused,
 * `generate.ts` makes the images, `reason.md` says why there is none. Each image goes through the command line as a user has it.
 * Finer tests of the same attacks bear their numbers in test/verify, test/trust and test/mount.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, EXIT_CODES } from '../../src/core/errors.ts';
import { bytes } from '../support/attacked-image.ts';
import { diskseal } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { alone } from '../verifier/programs.ts';
import { type Cases, type Forged, root } from './kit.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ITEMS = 57;
/** Whom the user trusts, when an attack says nothing else. */
const POLICY = ['--trust', 'root.der', '--publisher', 'CN=Demo Publisher,O=Demo'];
// What a terminal acts on, and what turns text round. A line feed ends a line.
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

interface Case {
  readonly name: string;
  readonly exitCode: number;
  readonly code: ErrorCode;
  /** Instead of the attack's own. */
  readonly policy?: readonly string[];
  readonly flags?: readonly string[];
  /** The image's name. */
  readonly file?: string;
  /** False where there is nothing to judge: an error instead of a verdict. */
  readonly verdict?: boolean;
}

interface Attack {
  readonly number: number;
  readonly title: string;
  readonly source: string;
  readonly policy?: readonly string[];
  readonly cases: readonly Case[];
}

const folders = readdirSync(HERE).filter((name) => /^\d\d-/.test(name));

test('each attack has its directory: a generator, or a reason why there is none', () => {
  expect(folders.map((name) => Number(name.slice(0, 2)))).toEqual(Array.from({ length: ITEMS }, (_, index) => index + 1));
  for (const folder of folders) {
    const has = ['attack.json', 'generate.ts', 'reason.md'].map((file) => existsSync(join(HERE, folder, file)));
    expect(
      [
        [true, true, false],
        [false, false, true],
      ],
      folder,
    ).toContainEqual(has);
  }
});

test('the image that is forged here is good', async () => {
  const { code } = await run('good.dmg', bytes, POLICY);
  expect(code).toBe(0);
});

for (const folder of folders.filter((name) => existsSync(join(HERE, name, 'attack.json')))) {
  const attack = JSON.parse(readFileSync(join(HERE, folder, 'attack.json'), 'utf8')) as Attack;
  describe.concurrent(`attack ${attack.number}: ${attack.title}`, () => {
    const generated = (import(`./${folder}/generate.ts`) as Promise<{ cases: Cases }>).then(({ cases }) => cases);

    test('every case is generated, and every generated one is a case', async () => {
      expect(attack.number).toBe(Number(folder.slice(0, 2)));
      expect(Object.keys(await generated)).toEqual(attack.cases.map(({ name }) => name));
    });

    test.each(attack.cases)('$name: $exitCode', async ({ name, exitCode, code, verdict = true, ...more }) => {
      expect(EXIT_CODES[code]).toBe(exitCode);
      const flags = [...(more.policy ?? attack.policy ?? POLICY), ...(more.flags ?? [])];
      const result = await run(more.file ?? 'image.dmg', await (await generated)[name](), flags);
      expect(result.code, result.stderr).toBe(exitCode);
      expect(result.stdout + result.stderr).not.toMatch(UNSAFE);
      expect(existsSync(join(result.place, 'owned'))).toBe(false);
      if (!verdict) {
        expect(result.stderr).toContain(code);
        return;
      }
      // Rule 26: the one-file verifier says the same.
      const { code: exit, stdout } = await alone(['--json', ...flags, '--', more.file ?? 'image.dmg'], { cwd: result.place });
      expect({ exit, stdout }).toEqual({ exit: result.code, stdout: result.stdout });
      const said = result.json() as { verified: boolean; exitCode: number; checks: { status: string; code?: string }[] };
      expect(said).toMatchObject({ verified: false, exitCode });
      expect(said.checks).toContainEqual(expect.objectContaining({ status: 'fail', code }));
    });
  });
}

async function run(name: string, forged: Forged, flags: readonly string[]) {
  const place = await temporaryFolder();
  const { image, files = {} } = forged instanceof Uint8Array ? { image: forged } : forged;
  // A hostile path is a name, and no way into another folder.
  const path = join(place, name);
  mkdirSync(place, { recursive: true });
  if (image instanceof Uint8Array) writeFileSync(path, image);
  else image(path);
  for (const [file, content] of Object.entries({ 'root.der': root.bytes, ...files })) writeFileSync(join(place, file), content);
  return { place, ...(await diskseal(['verify', '--json', ...flags, '--', name], { cwd: place })) };
}
